"""The place where checkpoints go besides: a folder or an address."""

import pytest
from aiohttp import web

from bot.channels.outside import NEWEST, Address, Folder, outside
from bot.exceptions import OutsideAway
from tests.ports import free_port


@pytest.fixture
async def server():
    """Somebody else's server that takes PUT: its address, what it keeps, and what it answers if it refuses."""
    kept: dict[str, str] = {}
    refused: list[int] = []
    app = web.Application()

    async def put(request):
        if refused:
            return web.Response(status=refused[0])
        kept[request.path] = await request.text()
        return web.Response(status=201)

    async def get(request):
        if refused:
            return web.Response(status=refused[0])
        return web.Response(text=kept[request.path]) if request.path in kept else web.Response(status=404)

    app.router.add_put("/{name:.*}", put)
    app.router.add_get("/{name:.*}", get)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}/log", kept, refused
    await runner.cleanup()


async def test_a_folder_has_what_was_put_into_it(tmp_path):
    place = Folder(tmp_path / "not" / "there" / "yet")

    assert await place.get(NEWEST) is None
    await place.put(NEWEST, "— ü\n")
    await place.put("ledger.pub", "key")

    assert await place.get(NEWEST) == "— ü\n"
    assert await place.every() == ["— ü\n"]


async def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    place = Folder(tmp_path / "file")

    with pytest.raises(OutsideAway, match=r"file.*BOT_CHECKPOINTS"):
        await place.put(NEWEST, "x")
    with pytest.raises(OutsideAway):
        await place.get(NEWEST)


async def test_an_address_has_what_was_put_there(server):
    url, kept, _ = server
    place = Address(url + "/")

    assert await place.every() == []
    await place.put(NEWEST, "note")

    assert kept == {"/log/checkpoint": "note"}
    assert await place.get(NEWEST) == "note"
    assert await place.every() == ["note"]


async def test_an_address_that_refuses_is_away(server):
    url, _, refused = server
    refused.append(503)

    with pytest.raises(OutsideAway, match="HTTP 503"):
        await Address(url).put(NEWEST, "note")
    with pytest.raises(OutsideAway, match="HTTP 503"):
        await Address(url).get(NEWEST)


async def test_nobody_there_is_away_too():
    with pytest.raises(OutsideAway, match="Client"):
        await Address(f"http://127.0.0.1:{free_port()}").put(NEWEST, "note")


def test_the_setting_decides():
    assert outside("") is None
    assert isinstance(outside("checkpoints"), Folder)
    assert isinstance(outside("https://example.com/log"), Address)
