"""Methods about the bot itself: who it is, its commands, names, descriptions and menu buttons."""

from dataclasses import asdict

from bot.sandbox.telegram.chats import Json
from bot.sandbox.telegram.profile import TEXTS, Place, read_commands, read_language, read_place
from bot.sandbox.telegram.replies import bad_request
from bot.sandbox.telegram.world import Call, World


async def get_me(world: World, call: Call) -> Json:
    return {
        **world.bot_json(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


async def set_my_commands(world: World, call: Call) -> bool:
    place = _place(call)
    world.profile.commands[place] = read_commands(call.arguments.structure("commands"))
    call.accepted(world)
    return True


async def get_my_commands(world: World, call: Call) -> list[Json]:
    return [asdict(line) for line in world.profile.commands.get(_place(call), ())]


async def delete_my_commands(world: World, call: Call) -> bool:
    world.profile.commands.pop(_place(call), None)
    call.accepted(world)
    return True


async def set_my_text(world: World, call: Call) -> bool:
    """`setMyName`, `setMyDescription`, `setMyShortDescription`."""
    noun = call.method.removeprefix("setMy")
    argument, longest = TEXTS[noun]
    text = call.arguments.text(argument)
    language = read_language(call.arguments.text("language_code"))
    if len(text) > longest:
        raise bad_request(f"{argument.replace('_', ' ')} length must not exceed {longest}")
    world.profile.texts[(noun, language)] = text
    call.accepted(world)
    return True


async def get_my_text(world: World, call: Call) -> Json:
    """`getMyName`, `getMyDescription`, `getMyShortDescription`."""
    noun = call.method.removeprefix("getMy")
    language = read_language(call.arguments.text("language_code"))
    return {TEXTS[noun][0]: world.profile.texts.get((noun, language), "")}


async def set_chat_menu_button(world: World, call: Call) -> bool:
    world.profile.menus[call.arguments.text("chat_id")] = call.arguments.structure("menu_button")
    call.accepted(world)
    return True


async def get_chat_menu_button(world: World, call: Call) -> object:
    return world.profile.menus.get(call.arguments.text("chat_id")) or {"type": "default"}


def _place(call: Call) -> Place:
    return read_place(call.arguments.structure("scope"), call.arguments.text("language_code"))
