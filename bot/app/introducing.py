"""What the bot says of itself on Telegram: in every language, and to staff in their own chats."""

from bot.channels.telegram.client import TelegramChannel
from bot.channels.telegram.profile import Profile
from bot.conversation import menu
from bot.conversation.person import Speaking
from bot.domain.message import Fact
from bot.domain.recipient import ChannelName
from bot.i18n import AUTHORITATIVE, LOCALES, Words
from bot.store import addresses, lanes, staff
from bot.store.database import Database, Session

EVERYBODY_ELSE = ""  # whose language is none of ours, or not known


async def introduce(channel: TelegramChannel, database: Database, speaking: Speaking) -> None:
    """Name, descriptions and menus are as the catalogs have them; staff have their own commands besides. What
    the platform calls the bot is kept, for links to it."""
    with database.clock.busy():
        menus = await database.transact(_staff_menus, speaking)
        await channel.introduce(profiles(speaking), menus)
        if (name := await channel.username()) is not None:
            await database.transact(lanes.called, channel.lane, handle=name)


def profiles(speaking: Speaking) -> dict[str, Profile]:
    """What the bot says of itself, by language."""
    own = {locale: _profile(speaking.words(locale, None)) for locale in LOCALES}
    return {EVERYBODY_ELSE: own[AUTHORITATIVE], **own}


def _profile(words: Words) -> Profile:
    return Profile(
        name=menu.name(words),
        short=menu.short(words),
        description=menu.description(words),
        commands=menu.commands(words),
    )


def _staff_menus(session: Session, speaking: Speaking) -> dict[str, tuple[Fact, ...]]:
    """The menu of each member of staff, by Telegram chat, in the language that they read."""
    menus = {}
    for member in staff.every(session):
        channel, _, chat = member.key.partition(":")
        if channel == ChannelName.TELEGRAM:
            words = speaking.words(addresses.language_of(session, member.key), None)
            menus[chat] = menu.menu(words, staff=True).facts
    return menus
