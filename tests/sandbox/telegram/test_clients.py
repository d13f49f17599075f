"""Strangers' clients, unpatched."""

import asyncio

import aiogram
import aiogram.exceptions
import pytest
import telegram as ptb
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from telegram import error as ptb_errors

from bot.sandbox.faults import make

TOKEN = "123:sandbox-token"
TEXT = '<b>Halo</b> <tg-time unix="1759078799" format="D">28</tg-time> <blockquote expandable>x</blockquote>'


async def test_python_telegram_bot_makes_the_whole_trip(telegram, client):
    keyboard = ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("Allow", callback_data="7.i.x")]])
    async with ptb.Bot(TOKEN, base_url=f"{client.url}/bot") as bot:
        message = await bot.send_message(42, TEXT, parse_mode="HTML", reply_markup=keyboard)
        telegram.tap(42, message.message_id, "7.i.x")
        (update,) = await bot.get_updates(timeout=10)
        assert update.callback_query is not None
        await update.callback_query.answer()
        await update.callback_query.edit_message_text("Recorded")
        rest = await bot.get_updates(offset=update.update_id + 1, timeout=0)

    assert [entity.type for entity in message.entities] == ["bold", "date_time", "expandable_blockquote"]
    assert update.callback_query.data == "7.i.x"
    assert update.callback_query.from_user.id == 42
    assert rest == ()
    assert telegram.pending == 0


async def test_python_telegram_bot_reads_every_kind_of_update(telegram, client):
    telegram.press_start(42, "link")
    telegram.say(42, "ya")
    telegram.send_media(42, "voice")
    telegram.send_media(42, "sticker")
    telegram.send_media(42, "photo")
    telegram.block(42)
    telegram.tap(42, 77, "gone")
    async with ptb.Bot(TOKEN, base_url=f"{client.url}/bot") as bot:
        updates = await bot.get_updates()

    start, words, voice, sticker, photo, block, tap = updates
    assert start.message is not None
    assert start.message.parse_entities(["bot_command"]) == {start.message.entities[0]: "/start"}
    assert words.message is not None
    assert words.message.text == "ya"
    assert voice.message is not None
    assert voice.message.voice is not None
    assert sticker.message is not None
    assert sticker.message.sticker is not None
    assert photo.message is not None
    assert photo.message.photo
    assert block.my_chat_member is not None
    assert block.my_chat_member.new_chat_member.status == "kicked"
    assert tap.callback_query is not None
    assert tap.callback_query.message is not None
    assert not tap.callback_query.message.is_accessible


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("429:7", ptb_errors.RetryAfter),
        ("429_html", ptb_errors.NetworkError),
        ("500_before", ptb_errors.NetworkError),
        ("accept_then_500", ptb_errors.NetworkError),
        ("accept_then_drop", ptb_errors.NetworkError),
        ("drop", ptb_errors.NetworkError),
        ("reset", ptb_errors.NetworkError),
        ("cut_body", ptb_errors.NetworkError),
        ("cut_json", ptb_errors.TelegramError),
        ("odd_json", KeyError),
        ("502_html", ptb_errors.NetworkError),
        ("504_html", ptb_errors.NetworkError),
        ("restart", ptb_errors.NetworkError),
        ("token_revoked", ptb_errors.InvalidToken),
        ("blocked", ptb_errors.Forbidden),
    ],
)
async def test_python_telegram_bot_meets_each_fault(client, oracle, faults, what, error, monkeypatch):
    """The message is there exactly when the fault says so, whatever the client believes."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # else its own 429 warns
    fault = make("sendMessage", 1, what)
    faults.add(fault)
    async with ptb.Bot(TOKEN, base_url=f"{client.url}/bot") as bot:
        with pytest.raises(error):
            await bot.send_message(42, "Hello")
        await bot.send_message(42, "Hello again")

    accepted = [entry.text for entry in oracle.entries]
    assert accepted == (["Hello"] if fault.accepted else []) + ["Hello again"]


async def test_python_telegram_bot_gives_a_hanging_request_up(client, oracle, faults):
    faults.add(make("sendMessage", 1, "hang"))
    async with ptb.Bot(TOKEN, base_url=f"{client.url}/bot") as bot:
        with pytest.raises(ptb_errors.TimedOut):
            await bot.send_message(42, "Hello", read_timeout=1.0)

    assert [entry.text for entry in oracle.entries] == ["Hello"]


async def test_python_telegram_bot_waits_for_a_slow_answer(client, faults):
    faults.add(make("sendMessage", 1, "slow_drip:0"))
    async with ptb.Bot(TOKEN, base_url=f"{client.url}/bot") as bot:
        message = await bot.send_message(42, "Hello")

    assert message.text == "Hello"


async def test_python_telegram_bot_waits_for_a_held_message(client, clock, faults, until):
    faults.add(make("sendMessage", 1, "hold:8"))
    async with ptb.Bot(TOKEN, base_url=f"{client.url}/bot") as bot:
        sending = asyncio.create_task(bot.send_message(42, "Hello"))
        await until(clock.next_instant)
        await clock.run(clock.next_instant())
        message = await sending

    assert message.text == "Hello"
    assert clock.monotonic() == 8


async def test_aiogram_makes_the_whole_trip(telegram, client):
    keyboard = InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="Allow", callback_data="7.i.x")]]
    )
    session = AiohttpSession(api=TelegramAPIServer.from_base(client.url))
    async with aiogram.Bot(TOKEN, session=session) as bot:
        me = await bot.get_me()
        message = await bot.send_message(42, TEXT, parse_mode="HTML", reply_markup=keyboard)
        telegram.tap(42, message.message_id, "7.i.x")
        (update,) = await bot.get_updates(timeout=10)
        assert update.callback_query is not None
        await bot.answer_callback_query(update.callback_query.id)
        await bot.edit_message_text("Recorded", chat_id=42, message_id=message.message_id)
        telegram.block(42)
        with pytest.raises(aiogram.exceptions.TelegramForbiddenError):
            await bot.send_message(42, "Hello")

    assert me.id == 123
    assert update.callback_query.data == "7.i.x"


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("429:7", aiogram.exceptions.TelegramRetryAfter),
        ("restart", aiogram.exceptions.RestartingTelegram),
        ("500_before", aiogram.exceptions.TelegramServerError),
        ("accept_then_drop", aiogram.exceptions.TelegramNetworkError),
        ("reset", aiogram.exceptions.TelegramNetworkError),
        ("token_revoked", aiogram.exceptions.TelegramUnauthorizedError),
    ],
)
async def test_aiogram_meets_each_fault(client, faults, what, error):
    faults.add(make("sendMessage", 1, what))
    session = AiohttpSession(api=TelegramAPIServer.from_base(client.url))
    async with aiogram.Bot(TOKEN, session=session) as bot:
        with pytest.raises(error):
            await bot.send_message(42, "Hello")
