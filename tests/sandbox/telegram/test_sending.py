"""Sending, editing, deleting and answering taps, refusals word for word."""

import io
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.sandbox.telegram import ChatKind, FakeTelegram, SentMessage, Standing, User

BUTTONS = {
    "inline_keyboard": [[{"text": "Allow", "callback_data": "a.b"}], [{"text": "Refuse", "url": "x.org"}]]
}


def button(**fields: object) -> dict[str, object]:
    return {"inline_keyboard": [[{"text": "A button", **fields}]]}


async def test_a_message_is_answered_as_the_bot_api_does(client, oracle):
    answer = await client.send(42, "<b>Halo</b> 👋 dunia", parse_mode="HTML", reply_markup=BUTTONS)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.body == {
        "ok": True,
        "result": {
            "message_id": 1,
            "from": {
                "id": 123,
                "is_bot": True,
                "first_name": "tenggat_sandbox_bot",
                "username": "tenggat_sandbox_bot",
            },
            "chat": {"id": 42, "first_name": "User", "type": "private"},
            "date": 1756778400,
            "text": "Halo 👋 dunia",
            "entities": [{"type": "bold", "offset": 0, "length": 4}],
            "reply_markup": BUTTONS,
        },
    }
    assert [(entry.method, entry.chat, entry.message) for entry in oracle.entries] == [
        ("sendMessage", "42", "1")
    ]


async def test_messages_are_numbered_within_their_chat(client):
    """Numbers must not depend on the order in which requests to different chats arrive."""
    numbers = [(await client.send(chat)).result["message_id"] for chat in (1, 2, 1, 2, 1)]

    assert numbers == [1, 1, 2, 2, 3]


@pytest.mark.parametrize("way", ["query", "form", "multipart", "json", "get"])
async def test_arguments_may_come_any_way(client, way):
    address = f"{client.url}/bot123:x/SENDmessage"
    values = {"chat_id": "42", "text": "Hello"}
    form = aiohttp.FormData(values, default_to_multipart=way == "multipart")
    how: dict[str, tuple[str, dict[str, Any]]] = {
        "query": ("POST", {"params": values}),
        "get": ("GET", {"params": values}),
        "form": ("POST", {"data": form}),
        "multipart": ("POST", {"data": form}),
        "json": ("POST", {"json": values}),
    }
    method, body = how[way]

    async with client.session.request(method, address, **body) as answer:
        assert (await answer.json())["result"]["text"] == "Hello"


async def test_the_test_data_centre_has_a_path_of_its_own(client):
    answer = await client.call("test/getMe")

    assert answer.result["id"] == 123


@pytest.mark.parametrize(
    ("token", "method", "status", "description"),
    [
        ("no-colon", "getMe", 401, "Unauthorized: invalid token specified"),
        ("123:x", "noSuchMethod", 404, "Not Found: method not found"),
    ],
)
async def test_bad_tokens_and_methods_are_refused(client, token, method, status, description):
    answer = await client.call(method, token=token)

    assert (answer.status, answer.description, answer.body["error_code"]) == (status, description, status)


async def test_a_revoked_token_is_unauthorized_until_it_is_mended(telegram, client, oracle):
    telegram.revoke_token()
    refused = await client.send()
    telegram.mend_token()
    accepted = await client.send()

    assert (refused.status, refused.description) == (401, "Unauthorized")
    assert accepted.status == 200
    assert len(oracle.entries) == 1


@pytest.mark.parametrize(
    ("arguments", "description"),
    [
        ({"chat_id": ""}, "chat_id is empty"),
        ({"chat_id": -5}, "chat not found"),
        ({"chat_id": "@nobody"}, "chat not found"),
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "message text is empty"),
        ({"text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "é" * 16_385}, "text is too long"),
        ({"text": "x", "parse_mode": "Rich"}, "unsupported parse_mode"),
        ({"text": "half of a pair: \ud83d"}, "strings must be encoded in UTF-8"),
        ({"reply_markup": button(callback_data="")}, "BUTTON_DATA_INVALID"),
        ({"reply_markup": button(callback_data="é" * 33)}, "BUTTON_DATA_INVALID"),
        ({"reply_markup": button(url="not an address")}, "BUTTON_URL_INVALID"),
        ({"reply_markup": button(url="ftp://x.org")}, "BUTTON_URL_INVALID"),
        (
            {"reply_markup": button()},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"reply_markup": {"inline_keyboard": [[{"text": "b", "callback_data": "d"}]] * 101}},
            "reply markup is too long",
        ),
        ({"reply_markup": "{"}, "can't parse reply markup JSON object"),
    ],
)
async def test_a_bad_message_is_refused_in_telegrams_words(client, oracle, arguments, description):
    answer = await client.call("sendMessage", **{"chat_id": 42, "text": "Hello", **arguments})

    assert answer.status == 400
    assert answer.body == {"ok": False, "error_code": 400, "description": f"Bad Request: {description}"}
    assert oracle.entries == []


async def test_the_longest_message_and_the_longest_data_are_taken(client):
    """Limits count code points after the markup is read, and bytes of button data."""
    text = f"<b>{'👋' * 4096}</b>"

    answer = await client.send(text=text, parse_mode="HTML", reply_markup=button(callback_data="é" * 32))

    assert answer.result["entities"] == [{"type": "bold", "offset": 0, "length": 8192}]


async def test_a_request_that_is_too_large_meets_the_proxys_page(client):
    address = f"{client.url}/bot123:x/sendMessage"
    body, headers = io.BytesIO(b"x" * 2_000_000), {"Content-Type": "application/json"}

    async with client.session.post(address, data=body, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (413, "text/html")


@pytest.mark.parametrize(
    ("kind", "standing", "status", "description"),
    [
        (None, Standing.BLOCKED, 403, "Forbidden: bot was blocked by the user"),
        (None, Standing.DEACTIVATED, 403, "Forbidden: user is deactivated"),
        (None, Standing.NOT_STARTED, 403, "Forbidden: bot can't initiate conversation with a user"),
        (ChatKind.GROUP, Standing.KICKED, 403, "Forbidden: bot was kicked from the group chat"),
        (ChatKind.SUPERGROUP, Standing.KICKED, 403, "Forbidden: bot was kicked from the supergroup chat"),
        (ChatKind.CHANNEL, Standing.NOT_MEMBER, 403, "Forbidden: bot is not a member of the channel chat"),
        (ChatKind.GROUP, Standing.DELETED, 403, "Forbidden: the group chat was deleted"),
    ],
)
async def test_who_cannot_be_written_to_is_refused_in_telegrams_words(
    telegram, client, kind, standing, status, description
):
    chat_id = -7 if kind else 42
    if kind:
        telegram.add_group(chat_id, "A group", kind)
    telegram.set_standing(chat_id, standing)

    answer = await client.send(chat_id)

    assert (answer.status, answer.description) == (status, description)


async def test_a_bot_is_not_written_to(telegram, client):
    telegram.add_user(User(9, is_bot=True))

    answer = await client.send(9)

    assert answer.description == "Forbidden: the bot can't send messages to the bot"


async def test_a_group_that_moved_says_where_to(telegram, client):
    telegram.add_group(-7, "A group")
    telegram.set_standing(-7, Standing.MIGRATED, migrated_to=-1001234567890)

    answer = await client.send(-7)

    assert answer.body == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": -1001234567890},
    }


async def test_strangers_are_unknown_when_not_everyone_has_started(clock, oracle, connect):
    telegram = FakeTelegram(clock, oracle, everyone_started=False)
    client = await connect(telegram)
    telegram.add_user(User(5), started=False)
    telegram.add_user(User(6, username="somebody"))

    answers = [await client.send(chat) for chat in (4, 5, 6, "@somebody")]

    assert [answer.body.get("description") for answer in answers] == [
        "Bad Request: chat not found",
        "Forbidden: bot can't initiate conversation with a user",
        None,
        None,
    ]


async def test_an_edit_replaces_text_and_buttons(client, oracle):
    await client.send(reply_markup=BUTTONS)

    answer = await client.call("editMessageText", chat_id=42, message_id=1, text="Recorded")

    assert answer.result["text"] == "Recorded"
    assert answer.result["edit_date"] == answer.result["date"]
    assert "reply_markup" not in answer.result
    assert [entry.method for entry in oracle.entries] == ["sendMessage", "editMessageText"]


async def test_an_edit_that_changes_nothing_says_so(client):
    await client.send(reply_markup=BUTTONS)

    same = await client.call("editMessageText", chat_id=42, message_id=1, text="Hello", reply_markup=BUTTONS)
    keyboard = await client.call("editMessageReplyMarkup", chat_id=42, message_id=1, reply_markup=BUTTONS)
    removed = await client.call("editMessageReplyMarkup", chat_id=42, message_id=1)

    assert same.description == keyboard.description
    assert same.description == (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly"
        " the same as a current content and reply markup of the message"
    )
    assert removed.status == 200


async def test_only_what_is_there_and_ours_can_be_edited_or_deleted(telegram, client):
    telegram.say(42, "mine")

    edits = [await client.call("editMessageText", chat_id=42, message_id=m, text="x") for m in (1, 2)]
    deletes = [await client.call("deleteMessage", chat_id=42, message_id=m) for m in (1, 2)]

    assert [answer.description for answer in edits + deletes] == [
        "Bad Request: message can't be edited",
        "Bad Request: message to edit not found",
        "Bad Request: message can't be deleted",
        "Bad Request: message to delete not found",
    ]


async def test_a_message_can_be_deleted_for_two_days(clock, client):
    await client.send()
    await client.send()

    early = await client.call("deleteMessage", chat_id=42, message_id=1)
    await clock.run(clock.now() + timedelta(hours=49))
    late = await client.call("deleteMessage", chat_id=42, message_id=2)

    assert early.body == {"ok": True, "result": True}
    assert late.description == "Bad Request: message can't be deleted"


async def test_a_tap_is_answered_once_and_in_time(telegram, clock, client):
    await client.send(reply_markup=BUTTONS)
    telegram.tap(42, 1, "a.b")
    telegram.tap(42, 1, "a.b")
    first, second = await client.updates()
    await client.updates(second["update_id"] + 1, timeout=0)

    answers = [
        await client.call("answerCallbackQuery", callback_query_id=first["callback_query"]["id"])
        for _ in range(2)
    ]
    await clock.run(clock.now() + timedelta(seconds=31))
    late = await client.call("answerCallbackQuery", callback_query_id=second["callback_query"]["id"])

    assert answers[0].body == {"ok": True, "result": True}
    assert answers[1].description == late.description
    assert late.description == (
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )


async def test_a_document_can_be_fetched_again(client):
    form = aiohttp.FormData({"chat_id": "42", "caption": "Your <b>data</b>", "parse_mode": "HTML"})
    form.add_field("document", b"{}", filename="mine.json", content_type="application/json")

    async with client.session.post(f"{client.url}/bot123:x/sendDocument", data=form) as answer:
        message = (await answer.json())["result"]
    file = await client.call("getFile", file_id=message["document"]["file_id"])
    async with client.session.get(f"{client.url}/file/bot123:x/{file.result['file_path']}") as answer:
        content = await answer.read()

    assert (message["caption"], message["document"]["file_name"]) == ("Your data", "mine.json")
    assert message["caption_entities"] == [{"type": "bold", "offset": 5, "length": 4}]
    assert content == b"{}"


async def test_a_photo_needs_a_photo(client):
    answer = await client.call("sendPhoto", chat_id=42)

    assert answer.description == "Bad Request: there is no photo in the request"


async def test_a_photo_must_be_a_picture(client):
    """Whatever the file is called."""
    form = aiohttp.FormData({"chat_id": "42"})
    form.add_field("photo", b"{}", filename="figures.png", content_type="image/png")

    async with client.session.post(f"{client.url}/bot123:x/sendPhoto", data=form) as answer:
        said = await answer.json()

    assert said["description"] == "Bad Request: IMAGE_PROCESS_FAILED"


async def test_those_who_watch_see_sends_and_edits(telegram, client):
    seen: list[SentMessage] = []
    telegram.on_message = seen.append

    await client.send(reply_markup=BUTTONS)
    await client.call("editMessageText", chat_id=42, message_id=1, text="Recorded")

    assert [(m.chat_id, m.message_id, m.text, m.edited) for m in seen] == [
        (42, 1, "Hello", False),
        (42, 1, "Recorded", True),
    ]
    assert [[(line.label, line.value) for line in row] for row in seen[0].buttons] == [
        [("Allow", "a.b")],
        [("Refuse", "x.org")],
    ]
