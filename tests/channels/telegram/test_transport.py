"""The transport, over real sockets: what each way of failing is taken for, and that the token stays hidden."""

import asyncio
import logging
import socket
import struct
import traceback
from datetime import timedelta

import pytest
from telegram import InputFile
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.channels.telegram.outcome import never_left, outcome_of_error
from bot.channels.telegram.transport import AiohttpRequest, ReadyJson, bot_number, open_api
from bot.domain.delivery import Deferred, Failed, InDoubt
from bot.exceptions import BadSetting
from tests.channels.telegram.conftest import TOKEN

SECRET = TOKEN.split(":")[1]
SOON = timedelta(milliseconds=50)


async def failure(url, *, read=timedelta(seconds=5), connect=timedelta(seconds=5)):
    """The error in which one send to `url` ends."""
    bot = open_api(TOKEN, api=url, read=read, connect=connect)
    async with bot:
        with pytest.raises(TelegramError) as caught:
            await bot.call("sendMessage", {"chat_id": "42", "text": "hello"})
    return caught.value


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)


async def test_a_refused_connection_has_failed(closed_port):
    error = await failure(closed_port)

    assert type(error) is NetworkError
    assert never_left(error.__cause__)
    assert isinstance(outcome_of_error(error), Failed)


async def test_a_name_that_nobody_knows_has_failed(monkeypatch):
    def nobody(*_args, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)

    error = await failure("http://no-such-host.invalid")

    assert isinstance(outcome_of_error(error), Failed)


async def test_no_connection_in_time_has_failed():
    """A full queue of connections: the kernel does not even refuse."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)

        error = await failure(f"http://127.0.0.1:{address[1]}", connect=SOON)

        for one in waiting:
            one.close()
    assert isinstance(error, TimedOut)
    assert isinstance(outcome_of_error(error), Failed)
    assert SECRET not in f"{error!r}{error.__cause__!r}"


async def test_no_free_connection_in_time_has_failed(api):
    """Waiting for the pool is not yet sending."""
    request = AiohttpRequest(TOKEN, api=api.url, connect=SOON, connections=1)
    await request.initialize()
    hanging = asyncio.ensure_future(request.do_request("/hang", "POST"))
    await api.new_request.wait()

    with pytest.raises(TimedOut) as caught:
        await request.do_request("/sendMessage", "POST")

    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    await request.shutdown()
    assert isinstance(outcome_of_error(caught.value), Failed)
    assert len(api.asked) == 1


async def test_a_reset_is_in_doubt(rude):
    async def reset(reader, writer):
        await read_request(reader)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    assert isinstance(outcome_of_error(await failure(await rude(reset))), InDoubt)


async def test_a_dropped_connection_is_in_doubt_and_not_sent_again(rude):
    """The default of some clients, a silent second try, would be a second message."""
    requests = []

    async def drop(reader, writer):
        await read_request(reader)
        requests.append(1)
        writer.close()

    error = await failure(await rude(drop))

    assert isinstance(outcome_of_error(error), InDoubt)
    assert len(requests) == 1


async def test_a_connection_that_died_while_idle_is_in_doubt_and_not_sent_again(rude):
    """The server closes a kept connection just as the next request is written to it."""
    requests = []

    async def answer_once(reader, writer):
        await read_request(reader)
        requests.append(1)
        body = b'{"ok":true,"result":{"message_id":1}}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await read_request(reader)
        requests.append(1)
        writer.close()

    async with open_api(TOKEN, api=await rude(answer_once)) as bot:
        await bot.call("sendMessage", {"chat_id": "42", "text": "one"})
        with pytest.raises(NetworkError) as caught:
            await bot.call("sendMessage", {"chat_id": "42", "text": "two"})

    assert isinstance(outcome_of_error(caught.value), InDoubt)
    assert len(requests) == 2


async def test_a_cut_answer_is_in_doubt(rude):
    async def cut(reader, writer):
        await read_request(reader)
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":true,')
        writer.close()

    assert isinstance(outcome_of_error(await failure(await rude(cut))), InDoubt)


async def test_an_answer_that_is_no_http_is_in_doubt_and_names_no_address(rude):
    async def mumble(reader, writer):
        await read_request(reader)
        writer.write(b"what?\r\n\r\n")
        writer.close()

    error = await failure(await rude(mumble))

    assert isinstance(outcome_of_error(error), InDoubt)
    assert SECRET not in "".join(traceback.format_exception(error))


async def test_a_silent_server_is_in_doubt(api):
    error = await failure(api.url, read=SOON)

    assert isinstance(error, TimedOut)
    assert isinstance(outcome_of_error(error), InDoubt)
    assert len(api.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_gateways_page_is_in_doubt(api, status):
    """The proxy gave up; what stands behind it may go on."""
    api.answer(status, "<html><head><title>Bad Gateway</title></head></html>")

    assert isinstance(outcome_of_error(await failure(api.url)), InDoubt)


async def test_a_restart_is_in_doubt(api):
    api.refuse(500, "Internal Server Error: restart")

    assert isinstance(outcome_of_error(await failure(api.url)), InDoubt)


async def test_a_redirect_is_not_followed(api):
    """A login page's address would get the message and call it done."""
    api.answer(302, "", Location=f"{api.url}/elsewhere")

    assert isinstance(outcome_of_error(await failure(api.url)), InDoubt)
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "body",
    [{"ok": False}, {"ok": True}, [], [1], None, "<html>welcome</html>", ""],
    ids=["not ok", "no result", "empty list", "list", "null", "page", "nothing"],
)
async def test_an_odd_200_is_in_doubt(api, caplog, body):
    api.answer(200, body)

    assert isinstance(outcome_of_error(await failure(api.url)), InDoubt)
    assert not caplog.records


async def test_a_firewalls_403_has_failed(api):
    api.answer(403, "<html>forbidden</html>")

    assert isinstance(outcome_of_error(await failure(api.url)), Failed)


async def test_odd_parameters_are_in_doubt(api):
    api.answer(400, {"ok": False, "description": "Bad Request: x", "parameters": ["odd"]})

    assert isinstance(outcome_of_error(await failure(api.url)), InDoubt)


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 7}}, {}, 7),
        ({"ok": False, "description": "Too Many Requests"}, {"Retry-After": "9"}, 9),
        ({"ok": False, "description": "Too Many Requests"}, {}, 5),
        ({"ok": False, "parameters": {"retry_after": 0}}, {}, 5),
        ({"ok": False, "parameters": {"retry_after": "soon"}}, {}, 5),
        ({"ok": False, "parameters": {"retry_after": 1e300}}, {}, 5),
        ("<html>slow down</html>", {"Retry-After": "3"}, 3),
        ("<html>slow down</html>", {"Retry-After": "Fri, 26 Sep 2025 07:28:00 GMT"}, 5),
        ("<html>slow down</html>", {}, 5),
        ([], {}, 5),
    ],
)
async def test_every_429_is_a_wait(api, body, headers, seconds):
    """With the wait that it names, by body or by header; else with a guess."""
    api.answer(429, body, **headers)

    error = await failure(api.url)

    assert isinstance(error, RetryAfter)
    assert outcome_of_error(error) == Deferred(timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [401, 404])
async def test_a_dead_token_is_told_without_the_token(api, status):
    api.refuse(status, "Unauthorized")

    error = await failure(api.url)

    assert isinstance(error, InvalidToken)
    assert SECRET not in "".join(traceback.format_exception(error))


async def test_parameters_go_as_json(api):
    api.ok({"message_id": 1})

    async with open_api(TOKEN, api=api.url) as bot:
        result = await bot.call(
            "sendMessage",
            {"chat_id": 42, "text": 'a "b"\n', "reply_markup": ReadyJson('{"inline_keyboard":[]}')},
        )

    assert result == {"message_id": 1}
    assert api.asked[0].content_type == "application/json"
    assert api.asked[0].path == f"/bot{TOKEN}/SendMessage"
    assert api.asked[0].parameters == {
        "chat_id": 42,
        "text": 'a "b"\n',
        "reply_markup": {"inline_keyboard": []},
    }


async def test_files_go_as_multipart(api):
    api.ok({"message_id": 1, "date": 0, "chat": {"id": 42, "type": "private"}})

    async with open_api(TOKEN, api=api.url) as bot:
        await bot.send_document(42, InputFile(b"proof", filename="receipt.json"), caption="Bukti")

    asked = api.asked[0]
    assert asked.content_type == "multipart/form-data"
    assert asked.parameters["caption"] == "Bukti"
    assert asked.parameters["document"] == b"proof"


async def test_connections_are_kept(rude):
    """A new connection for each message would cost three round trips on TLS."""
    connections = []

    async def serve(reader, writer):
        connections.append(1)
        body = b'{"ok":true,"result":true}'
        for _ in range(3):
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    async with open_api(TOKEN, api=await rude(serve)) as bot:
        for _ in range(3):
            await bot.call("sendMessage", {"chat_id": "42", "text": "hello"})

    assert len(connections) == 1


async def test_a_closed_transport_has_failed():
    """At a shutdown, what was not yet sent is sent later."""
    bot = open_api(TOKEN)

    with pytest.raises(NetworkError) as caught:
        await bot.call("sendMessage", {})

    assert isinstance(outcome_of_error(caught.value), Failed)


async def test_the_token_is_in_no_log_and_no_text(api, closed_port, caplog):
    """A canary: at DEBUG, through success, refusal and failure."""
    caplog.set_level(logging.DEBUG)
    api.ok({"message_id": 1})
    api.refuse(400, "Bad Request: chat not found")

    async with open_api(TOKEN, api=api.url) as bot:
        shown = f"{bot!r} {bot} {bot.token} {bot.base_url}"
        await bot.call("sendMessage", {"chat_id": "42"})
        with pytest.raises(BadRequest):
            await bot.call("sendMessage", {"chat_id": "42"})
    error = await failure(closed_port)

    assert SECRET not in shown
    assert SECRET not in "".join(traceback.format_exception(error))
    assert SECRET not in caplog.text


async def test_nothing_is_asked_at_opening(api):
    """A worker that drains calls nothing but sends and edits."""
    async with open_api(TOKEN, api=api.url):
        pass

    assert api.asked == []


def test_the_number_is_the_public_part():
    assert bot_number(TOKEN) == "123456"


@pytest.mark.parametrize("token", ["", "123456", "123456:", "x:abc", "123456:a/../b", "123456:a\n"])
def test_a_malformed_token_is_refused_without_being_repeated(token):
    with pytest.raises(BadSetting) as caught:
        bot_number(token)

    assert "BOT_TELEGRAM_TOKEN" in str(caught.value)
