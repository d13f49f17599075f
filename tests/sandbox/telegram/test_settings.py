"""What a bot says about itself."""

from typing import Any

import pytest

COMMANDS = [{"command": "status", "description": "What is recorded"}]


async def test_commands_are_kept_by_scope_and_language(client):
    """The get method does not fall back: it shows exactly what was set."""
    private = {"type": "all_private_chats"}
    await client.call("setMyCommands", commands=COMMANDS)
    await client.call("setMyCommands", commands=COMMANDS * 2, scope=private, language_code="id")

    asked: list[dict[str, Any]] = [
        {},
        {"language_code": "id"},
        {"scope": private},
        {"scope": private, "language_code": "id"},
    ]
    shown = [(await client.call("getMyCommands", **arguments)).result for arguments in asked]
    await client.call("deleteMyCommands")

    assert shown == [COMMANDS, [], [], COMMANDS * 2]
    assert (await client.call("getMyCommands")).result == []


@pytest.mark.parametrize(
    ("command", "description", "problem"),
    [
        ("", "x", "command must be non-empty"),
        ("x" * 33, "x", "command length must not exceed 32"),
        ("x", "", "command description must be non-empty"),
        ("x", "x" * 257, "command description length must not exceed 256"),
        ("Ünfit", "x", "BOT_COMMAND_INVALID"),
    ],
)
async def test_bad_commands_are_refused(client, command, description, problem):
    answer = await client.call("setMyCommands", commands=[{"command": command, "description": description}])

    assert answer.description == f"Bad Request: {problem}"


@pytest.mark.parametrize(
    ("noun", "argument"),
    [("Name", "name"), ("Description", "description"), ("ShortDescription", "short_description")],
)
async def test_names_and_descriptions_are_kept_by_language(client, noun, argument):
    await client.call(f"setMy{noun}", **{argument: "Contoh", "language_code": "id"})

    indonesian = await client.call(f"getMy{noun}", language_code="id")
    default = await client.call(f"getMy{noun}")
    bad = await client.call(f"setMy{noun}", **{argument: "x", "language_code": "indonesian"})

    assert (indonesian.result, default.result) == ({argument: "Contoh"}, {argument: ""})
    assert bad.description == "Bad Request: invalid language code specified"


async def test_a_menu_button_is_kept_by_chat(client):
    button = {"type": "commands"}
    await client.call("setChatMenuButton", chat_id=42, menu_button=button)

    assert (await client.call("getChatMenuButton", chat_id=42)).result == button
    assert (await client.call("getChatMenuButton")).result == {"type": "default"}


async def test_get_me_names_the_bot_by_its_tokens_number(client):
    assert (await client.call("getMe", token="987:x")).result == {
        "id": 987,
        "is_bot": True,
        "first_name": "tenggat_sandbox_bot",
        "username": "tenggat_sandbox_bot",
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }
