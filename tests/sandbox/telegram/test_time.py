"""A stock client and a person on a virtual clock: hours pass in a blink, and nothing is skipped."""

import asyncio
from datetime import timedelta

import telegram as ptb

from bot.clock import VirtualClock
from bot.sandbox.telegram import FakeTelegram, SentMessage

TOKEN = "123:sandbox-token"


async def answer_everything(bot: ptb.Bot) -> None:
    """A bot that echoes, and says OK to an update by the next poll, after its answer."""
    offset = 0
    while True:
        for update in await bot.get_updates(offset=offset, timeout=50):
            offset = update.update_id + 1
            if update.message is not None and update.message.text is not None:
                await bot.send_message(update.message.chat.id, f"You said: {update.message.text}")


async def talk(telegram: FakeTelegram, clock: VirtualClock, chat: int) -> None:
    """A person who says something every few hours."""
    for hour in range(1, 6):
        await clock.sleep(timedelta(hours=chat))
        telegram.say(chat, str(hour))


async def test_a_bot_answers_in_the_very_instant_of_the_question(telegram, clock, client, oracle):
    """Else a simulated person would wait for real milliseconds as if they were hours."""
    start = clock.now()
    async with ptb.Bot(TOKEN, base_url=f"{client.url}/bot") as bot:
        tasks = [asyncio.create_task(answer_everything(bot))]
        tasks += [asyncio.create_task(talk(telegram, clock, chat)) for chat in (1, 2, 3)]
        await clock.run(start + timedelta(days=1))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    answers = [
        ((entry.at - start) / timedelta(hours=1), entry.chat, entry.text)
        for entry in oracle.entries
        if entry.method == "sendMessage"
    ]
    asked = sorted(
        (float(chat * hour), str(chat), f"You said: {hour}") for chat in (1, 2, 3) for hour in range(1, 6)
    )
    assert sorted(answers) == asked
    assert [at for at, _, _ in answers] == sorted(at for at, _, _ in asked)


async def test_a_person_may_answer_as_soon_as_they_see_a_message(telegram, clock, client, oracle):
    def tap_at_once(message: SentMessage) -> None:
        if not message.edited:
            telegram.tap(message.chat_id, message.message_id, message.buttons[0][0].value)

    telegram.on_message = tap_at_once
    keyboard = ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("Allow", callback_data="7.i.x")]])
    async with ptb.Bot(TOKEN, base_url=f"{client.url}/bot") as bot:
        await bot.send_message(42, "Hello", reply_markup=keyboard)
        (update,) = await bot.get_updates()
        await bot.get_updates(offset=update.update_id + 1, timeout=0)

    assert update.callback_query is not None
    assert [entry.direction for entry in oracle.entries] == ["accepted", "issued", "okayed"]
