"""files.*: a file is announced, sent to an address of its own, and shared."""

from collections.abc import Mapping
from hashlib import sha256

from bot.sandbox.slack.calls import Answer, Call, Method, Refusal
from bot.sandbox.slack.chat import shown
from bot.sandbox.slack.messages import ChannelMessage, Json, SentMessage
from bot.sandbox.slack.rates import Tier
from bot.sandbox.slack.state import Slack, Upload


def get_upload_url(slack: Slack, call: Call) -> Answer:
    name, size = call.text("filename"), call.number("length", 0)
    if size <= 0:
        raise Refusal.over("invalid_arguments", ["must be greater than 0 [json-pointer:/length]"])
    number = len(slack.uploads)
    file_id = f"F{sha256(f'{number}{name}'.encode()).hexdigest()[:10].upper()}"
    slack.uploads[file_id] = Upload(file_id, name, size, call.text("alt_txt"))
    return Answer({"upload_url": f"{slack.base_url}/slack/upload/{file_id}", "file_id": file_id})


def complete_upload(slack: Slack, call: Call) -> Answer:
    files = call.structure("files", otherwise="invalid_arguments")
    if not isinstance(files, list) or not files:
        raise Refusal.over("invalid_arguments", ["must provide an array [json-pointer:/files]"])
    done: list[Json] = []
    for file in files:
        upload = slack.uploads.get(str(file.get("id"))) if isinstance(file, dict) else None
        if upload is None:
            raise Refusal("file_not_found")
        done.append({"id": upload.id, "name": upload.name, "title": file.get("title") or upload.name})
    return Answer({"files": done}, _share(slack, call, done))


def _share(slack: Slack, call: Call, files: list[Json]) -> SentMessage | None:
    """The files as a message in the channel that the call names; none when it names none."""
    if not (channel := call.text("channel_id")):
        return None
    conversation = slack.workspace.conversation(channel)
    if conversation is None:
        raise Refusal("channel_not_found")
    words = call.text("initial_comment") or ", ".join(str(file["title"]) for file in files)
    message = ChannelMessage(
        conversation.stamps.next(slack.now), slack.workspace.app.bot_user, words, by_bot=True
    )
    conversation.put(message)
    return shown(slack, conversation, message, "files.completeUploadExternal")


METHODS: Mapping[str, Method] = {
    "files.getUploadURLExternal": Method(
        get_upload_url, Tier.FOUR, scope="files:write", needs=("filename", "length"), writes=True
    ),
    "files.completeUploadExternal": Method(
        complete_upload, Tier.FOUR, scope="files:write", needs=("files",), writes=True
    ),
}
