"""What the bot says of itself, and files: against the fake platform, which keeps what it is told."""

import json
from dataclasses import replace

import pytest

from bot.app.introducing import profiles
from bot.channels.base import Post
from bot.channels.telegram.client import TelegramChannel
from bot.channels.telegram.profile import MAX_COMMAND, MAX_DESCRIPTION, MAX_NAME, MAX_SHORT
from bot.conversation import menu
from bot.conversation.person import Speaking
from bot.domain.delivery import Accepted, Failed, Rejected, Why
from bot.domain.message import Document, Message, MessageKind, Paragraph, Surface
from bot.domain.recipient import Address, ChannelName
from bot.i18n import LOCALES
from bot.sandbox.faults import Faults, make
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from tests.channels.telegram.conftest import TOKEN
from tests.words import CATALOGS, OPERATOR, words

SPOKEN = profiles(Speaking(CATALOGS, OPERATOR))
MENU = Post(
    7, menu.menu(words("fr"), staff=False), Address(ChannelName.TELEGRAM, "42"), {}, surface=Surface.MENU
)
FILE = Document("TEN-1.json", "application/json", '{"é": 1}\n'.encode())
WITH_FILE = Post(
    8, Message(MessageKind.DATA, "id", "Bukti <Anda>"), Address(ChannelName.TELEGRAM, "42"), {}, document=FILE
)


@pytest.fixture
def faults():
    return Faults()


@pytest.fixture
async def sandbox(clock, faults):
    async with Sandbox(clock, Oracle(clock), faults=faults) as sandbox:
        yield sandbox


@pytest.fixture
async def channel(sandbox, clock):
    async with TelegramChannel(TOKEN, clock=clock, api=sandbox.telegram_url) as channel:
        yield channel


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_fits_the_platforms_limits(locale):
    """It would be refused otherwise, and nobody would see why."""
    profile = SPOKEN[locale]

    assert 0 < len(profile.name) <= MAX_NAME
    assert 0 < len(profile.short) <= MAX_SHORT
    assert 0 < len(profile.description) <= MAX_DESCRIPTION
    assert all(0 < len(command.value) <= MAX_COMMAND for command in profile.commands)
    assert all(command.label.isascii() and command.label.islower() for command in profile.commands)


async def test_the_bot_introduces_itself_in_every_language_and_to_everybody_else(channel, sandbox):
    """Both scopes have both: one without a language would hide the other's languages."""
    await channel.introduce(SPOKEN, {})

    profile = sandbox.telegram._world.profile
    assert {language for _, language in profile.texts} == {"", *LOCALES}
    assert profile.texts["Name", "fr"] == SPOKEN["fr"].name
    assert {(json.loads(place.scope)["type"], place.language) for place in profile.commands} == {
        (scope, language) for scope in ("default", "all_private_chats") for language in ("", *LOCALES)
    }
    shown = {line.command for lines in profile.commands.values() for line in lines}
    assert "forget" in shown
    assert not {"lookup", "campaign"} & shown


async def test_what_is_so_already_is_not_written_again(channel, sandbox):
    """The platform is sparing with these calls, and every start makes them."""
    await channel.introduce(SPOKEN, {})
    before = len(sandbox.oracle.entries)

    await channel.introduce(SPOKEN, {})

    assert len(sandbox.oracle.entries) == before


async def test_staff_have_their_commands_in_their_own_chats(channel, sandbox):
    await channel.introduce({}, {"42": menu.menu(words("id"), staff=True).facts})

    [(place, lines)] = sandbox.telegram._world.profile.commands.items()
    assert json.loads(place.scope) == {"type": "chat", "chat_id": 42}
    assert {"lookup", "campaign", "choice"} <= {line.command for line in lines}


async def test_a_limit_of_the_platform_ends_it_and_harms_nothing(channel, sandbox, faults):
    """The next start goes on."""
    faults.add(make("setMyName", 1, "429"))

    await channel.introduce(SPOKEN, {})
    assert not sandbox.telegram._world.profile.commands
    await channel.introduce(SPOKEN, {})

    assert sandbox.telegram._world.profile.commands


async def test_a_menu_of_one_chat_is_set_there(channel, sandbox):
    assert await channel.send(MENU) == Accepted("menu")

    [(place, lines)] = sandbox.telegram._world.profile.commands.items()
    assert json.loads(place.scope) == {"type": "chat", "chat_id": 42}
    assert lines[0].description == menu.commands(words("fr"))[0].value


async def test_a_menu_of_which_nobody_knows_is_set_again(channel, faults):
    """It does no harm to set it twice."""
    faults.add(make("setMyCommands", 1, "502_html"))

    assert isinstance(await channel.send(MENU), Failed)
    assert await channel.send(MENU) == Accepted("menu")


async def test_a_file_goes_with_its_words(channel, sandbox):
    outcome = await channel.send(WITH_FILE)

    [entry] = [entry for entry in sandbox.oracle.entries if entry.method == "sendDocument"]
    assert outcome == Accepted(entry.message)
    assert entry.text == "Bukti <Anda>"
    [file] = sandbox.telegram._world.files.values()
    assert (file.name, file.kind, file.content) == (FILE.name, FILE.kind, FILE.content)


async def test_a_picture_is_seen_in_the_chat_itself(channel, sandbox):
    """It is no file that one must open first."""
    picture = Document("figures.png", "image/png", b"\x89PNG\r\n\x1a\n")

    outcome = await channel.send(replace(WITH_FILE, document=picture))

    [entry] = sandbox.oracle.entries
    assert (entry.method, outcome) == ("sendPhoto", Accepted(entry.message))
    [file] = sandbox.telegram._world.files.values()
    assert (file.name, file.content) == (picture.name, picture.content)


async def test_words_that_do_not_fit_under_a_file_are_refused_before_anything_is_sent(channel, sandbox):
    long = replace(WITH_FILE.message, paragraphs=(Paragraph("a" * 1024),))

    outcome = await channel.send(replace(WITH_FILE, message=long))

    assert isinstance(outcome, Rejected)
    assert outcome.why is Why.MESSAGE
    assert sandbox.oracle.entries == []


async def test_a_file_for_somebody_who_blocked_the_bot_says_so(channel, sandbox):
    sandbox.telegram.press_start(42)
    sandbox.telegram.block(42)

    outcome = await channel.send(WITH_FILE)

    assert isinstance(outcome, Rejected)
    assert outcome.why is Why.BLOCKED
