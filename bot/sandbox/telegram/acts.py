"""What people do in Telegram, as the updates that come of it."""

from dataclasses import replace
from typing import Literal

from bot.sandbox.telegram.chats import Chat, Json, Message, Standing, User
from bot.sandbox.telegram.updates import Happening, UpdateKind
from bot.sandbox.telegram.world import World

Media = Literal["voice", "sticker", "photo"]

MEDIA: dict[Media, Json] = {
    "voice": {"voice": {"file_id": "voice1", "file_unique_id": "uvoice1", "duration": 3}},
    "sticker": {
        "sticker": {
            "file_id": "sticker1",
            "file_unique_id": "usticker1",
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
            "emoji": "👍",
        }
    },
    "photo": {
        "photo": [{"file_id": "photo1", "file_unique_id": "uphoto1", "width": 640, "height": 480}],
    },
}


def say(world: World, chat: Chat, text: str, *, by: User, media: Media | None = None) -> int:
    """A person writes, or sends a voice message, a sticker or a picture; the update's number."""
    message = Message(
        chat.next_id(),
        world.clock.now(),
        text,
        by_bot=False,
        entities=_command(text),
        extra=dict(MEDIA[media]) if media else {},
    )
    chat.messages[message.id] = message
    body = world.message_json(chat, message, sender=by.as_json())
    return world.updates.issue(
        Happening(UpdateKind.MESSAGE, chat.id, by.id, body, message_id=message.id, text=text)
    )


def edit(world: World, chat: Chat, message_id: int, text: str, *, by: User) -> int:
    """A person changes what they wrote; the update's number."""
    message = replace(chat.messages[message_id], text=text, entities=_command(text))
    chat.messages[message_id] = message
    body = world.message_json(chat, message, sender=by.as_json()) | {
        "edit_date": int(world.clock.now().timestamp())
    }
    return world.updates.issue(
        Happening(UpdateKind.EDITED_MESSAGE, chat.id, by.id, body, message_id=message_id, text=text)
    )


def tap(world: World, chat: Chat, message_id: int, data: str, *, by: User) -> int:
    """A person presses a button under a message; the data may be anything, as a forger's is."""
    message = chat.messages.get(message_id)
    world.last_query += 1
    number = str(world.last_query)
    world.queries[number] = world.clock.now()
    inaccessible: Json = {"chat": chat.as_json(), "message_id": message_id, "date": 0}
    body: Json = {
        "id": number,
        "from": by.as_json(),
        "message": world.message_json(chat, message) if message else inaccessible,
        "chat_instance": str(chat.id),
        "data": data,
    }
    return world.updates.issue(
        Happening(UpdateKind.CALLBACK_QUERY, chat.id, by.id, body, message_id=message_id, data=data)
    )


def change_standing(world: World, chat: Chat, standing: Standing, *, by: User) -> int:
    """A person blocks the bot, or comes back; 0 when nothing changes."""
    was_blocked, is_blocked = chat.standing is Standing.BLOCKED, standing is Standing.BLOCKED
    chat.standing = standing
    if was_blocked == is_blocked:
        return 0
    before, after = ("member", "kicked") if is_blocked else ("kicked", "member")
    body: Json = {
        "chat": chat.as_json(),
        "from": by.as_json(),
        "date": int(world.clock.now().timestamp()),
        "old_chat_member": _membership(world, before),
        "new_chat_member": _membership(world, after),
    }
    return world.updates.issue(Happening(UpdateKind.MY_CHAT_MEMBER, chat.id, by.id, body, text=after))


def _membership(world: World, status: str) -> Json:
    member: Json = {"user": world.bot_json(), "status": status}
    return {**member, "until_date": 0} if status == "kicked" else member


def _command(text: str) -> tuple[Json, ...]:
    """Telegram marks a command at the beginning; bots look for the mark."""
    if not text.startswith("/"):
        return ()
    return ({"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])},)
