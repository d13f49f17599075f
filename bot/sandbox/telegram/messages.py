"""Methods about messages: send, edit, delete, answer a tap."""

from datetime import timedelta

from bot.sandbox.telegram.arguments import Arguments, Upload
from bot.sandbox.telegram.chats import Chat, Json, Message
from bot.sandbox.telegram.keyboard import Keyboard, read_keyboard
from bot.sandbox.telegram.markup import Formatted, read_formatted
from bot.sandbox.telegram.replies import bad_request
from bot.sandbox.telegram.world import Call, World

MAX_RAW = 32_768  # bytes, before the markup is read
MAX_TEXT = 4096  # code points, after it
MAX_CAPTION = 1024
PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF")  # how files of those that can be a photo begin
MAX_ANSWER = 200
ANSWER_WITHIN = timedelta(seconds=30)
DELETE_WITHIN = timedelta(hours=48)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


async def send_message(world: World, call: Call) -> Json:
    content = _text(call.arguments)
    keyboard = read_keyboard(call.arguments.structure("reply_markup"))
    return await _send(world, call, content, keyboard, {})


async def send_document(world: World, call: Call) -> Json:
    file_id, file = _file(world, call.arguments, "document")
    document = {
        "file_id": file_id,
        "file_unique_id": f"u{file_id}",
        "file_name": file.name,
        "mime_type": file.kind,
        "file_size": len(file.content),
    }
    return await _send_file(world, call, {"document": document})


async def send_photo(world: World, call: Call) -> Json:
    sent = call.arguments.upload("photo")
    if sent is not None and not sent.content.startswith(PICTURES):
        raise bad_request("IMAGE_PROCESS_FAILED")
    file_id, file = _file(world, call.arguments, "photo")
    size = {
        "file_id": file_id,
        "file_unique_id": f"u{file_id}",
        "width": 640,
        "height": 480,
        "file_size": len(file.content),
    }
    return await _send_file(world, call, {"photo": [size]})


async def edit_message_text(world: World, call: Call) -> Json:
    content = _text(call.arguments)
    keyboard = read_keyboard(call.arguments.structure("reply_markup"))
    chat, message = _own_message(world, call.arguments, "edit", "edited")
    if message.extra:
        raise bad_request("there is no text in the message to edit")
    return await _edit(world, call, chat, message, content, keyboard)


async def edit_message_reply_markup(world: World, call: Call) -> Json:
    keyboard = read_keyboard(call.arguments.structure("reply_markup"))
    chat, message = _own_message(world, call.arguments, "edit", "edited")
    content = Formatted(message.text, message.entities)
    return await _edit(world, call, chat, message, content, keyboard)


async def delete_message(world: World, call: Call) -> bool:
    chat, message = _own_message(world, call.arguments, "delete", "deleted")
    if world.clock.now() - message.sent_at > DELETE_WITHIN:
        raise bad_request("message can't be deleted")
    del chat.messages[message.id]
    call.accepted(world, chat, message)
    return True


async def answer_callback_query(world: World, call: Call) -> bool:
    if len(call.arguments.text("text")) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    tapped_at = world.queries.pop(call.arguments.text("callback_query_id"), None)
    if tapped_at is None or world.clock.now() - tapped_at > ANSWER_WITHIN:
        raise bad_request(TOO_OLD)
    call.accepted(world)
    return True


async def send_chat_action(world: World, call: Call) -> bool:
    if not call.arguments.text("action"):
        raise bad_request("wrong parameter action in request")
    call.accepted(world, world.chats.writable(call.arguments.text("chat_id")))
    return True


async def get_chat(world: World, call: Call) -> Json:
    return world.chats.named(call.arguments.text("chat_id")).as_json()


async def get_file(world: World, call: Call) -> Json:
    file_id = call.arguments.text("file_id")
    file = world.files.get(file_id)
    if file is None:
        raise bad_request("invalid file_id")
    size = len(file.content)
    return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": size, "file_path": file_id}


def _text(arguments: Arguments) -> Formatted:
    _check_raw(arguments.text("text"))
    content = read_formatted(arguments, text="text", entities="entities")
    if not content.text:
        raise bad_request("message text is empty")
    if len(content.text) > MAX_TEXT:
        raise bad_request("message is too long")
    return content


def _caption(arguments: Arguments) -> Formatted:
    _check_raw(arguments.text("caption"))
    content = read_formatted(arguments, text="caption", entities="caption_entities")
    if len(content.text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return content


def _check_raw(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:  # half a surrogate pair, which JSON can hold
        raise bad_request("strings must be encoded in UTF-8") from error
    if size > MAX_RAW:
        raise bad_request("text is too long")


def _file(world: World, arguments: Arguments, name: str) -> tuple[str, Upload]:
    upload = arguments.upload(name)
    given = arguments.text(name) if upload is None else ""
    if upload is None and given in world.files:
        return given, world.files[given]
    if upload is None and not given:
        raise bad_request(f"there is no {name} in the request")
    if upload is None and not given.startswith(("http://", "https://")):
        raise bad_request("wrong remote file identifier specified: Wrong string length")
    file = upload or Upload(given.rsplit("/", 1)[-1], "application/octet-stream", b"")
    file_id = f"file{len(world.files) + 1}"
    world.files[file_id] = file
    return file_id, file


async def _send_file(world: World, call: Call, extra: Json) -> Json:
    keyboard = read_keyboard(call.arguments.structure("reply_markup"))
    return await _send(world, call, _caption(call.arguments), keyboard, extra)


async def _send(world: World, call: Call, content: Formatted, keyboard: Keyboard, extra: Json) -> Json:
    chat = world.chats.writable(call.arguments.text("chat_id"))
    await _pass_flood_control(world, call, chat)
    message = Message(
        chat.next_id(), world.clock.now(), content.text, True, content.entities, keyboard, extra=extra
    )
    chat.messages[message.id] = message
    call.accepted(world, chat, message, tokens=keyboard.data)
    world.show(chat, message, edited=False)
    return world.message_json(chat, message)


async def _edit(
    world: World, call: Call, chat: Chat, message: Message, content: Formatted, keyboard: Keyboard
) -> Json:
    if (message.text, message.entities, message.keyboard) == (content.text, content.entities, keyboard):
        raise bad_request(NOT_MODIFIED)
    await _pass_flood_control(world, call, chat)
    message.put(content, keyboard, at=world.clock.now())
    call.accepted(world, chat, message, tokens=keyboard.data)
    world.show(chat, message, edited=True)
    return world.message_json(chat, message)


async def _pass_flood_control(world: World, call: Call, chat: Chat) -> None:
    """There is room for one more message in the chat, and the bot may still write there."""
    if world.flood is None:
        return
    paid = call.arguments.flag("allow_paid_broadcast")
    wait = world.flood.admit(chat.id, world.clock.monotonic(), paid=paid)
    if wait > timedelta():
        with call.hold.let_go():
            await world.clock.sleep(wait)
        if (refusal := chat.refusal()) is not None:
            raise refusal


def _own_message(world: World, arguments: Arguments, act: str, done: str) -> tuple[Chat, Message]:
    """The bot's message that the arguments name; raise the refusal when it is gone or somebody else's."""
    if arguments.has("inline_message_id"):
        raise bad_request(f"message to {act} not found")
    chat = world.chats.writable(arguments.text("chat_id"))
    if not arguments.has("message_id"):
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(arguments.integer("message_id"))
    if message is None:
        raise bad_request(f"message to {act} not found")
    if not message.by_bot:
        raise bad_request(f"message can't be {done}")
    return chat, message
