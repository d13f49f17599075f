"""The Bot API's methods, by name; names are not case-sensitive."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.sandbox.telegram import messages, receiving, settings
from bot.sandbox.telegram.world import Call, World

Handler = Callable[[World, Call], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Method:
    """A method under its proper name."""

    name: str
    carry_out: Handler


HANDLERS: Mapping[str, Handler] = {
    "getMe": settings.get_me,
    "sendMessage": messages.send_message,
    "sendDocument": messages.send_document,
    "sendPhoto": messages.send_photo,
    "editMessageText": messages.edit_message_text,
    "editMessageReplyMarkup": messages.edit_message_reply_markup,
    "deleteMessage": messages.delete_message,
    "answerCallbackQuery": messages.answer_callback_query,
    "sendChatAction": messages.send_chat_action,
    "getChat": messages.get_chat,
    "getFile": messages.get_file,
    "getUpdates": receiving.get_updates,
    "setWebhook": receiving.set_webhook,
    "deleteWebhook": receiving.delete_webhook,
    "getWebhookInfo": receiving.get_webhook_info,
    "setMyCommands": settings.set_my_commands,
    "getMyCommands": settings.get_my_commands,
    "deleteMyCommands": settings.delete_my_commands,
    "setMyName": settings.set_my_text,
    "getMyName": settings.get_my_text,
    "setMyDescription": settings.set_my_text,
    "getMyDescription": settings.get_my_text,
    "setMyShortDescription": settings.set_my_text,
    "getMyShortDescription": settings.get_my_text,
    "setChatMenuButton": settings.set_chat_menu_button,
    "getChatMenuButton": settings.get_chat_menu_button,
}
METHODS = {name.lower(): Method(name, handler) for name, handler in HANDLERS.items()}
