"""The app's Home on Slack: how things stand, and everything to change it."""

import pytest

from bot.domain.message import Verb
from bot.i18n import LOCALES, language_name
from tests.conversation.chats import SLACK, TELEGRAM


@pytest.fixture
async def slack(chats):
    """Somebody on Slack who has the notice; the application serves."""
    person = chats.actor(SLACK)
    async with chats.asked():
        yield person


async def test_opening_it_shows_the_open_question_and_the_settings(slack, chats):
    slack.opens_home()
    await chats.wait()

    assert "No choice of yours is recorded yet." in slack.home.text
    assert {Verb.OPT_IN, Verb.OPT_OUT, Verb.STOP} <= set(slack.home.verbs)
    assert [label for label in slack.home.labels if label in map(language_name, LOCALES)] == [
        language_name(locale) for locale in LOCALES
    ]


async def test_it_is_published_when_it_is_opened_and_when_something_changes_and_never_else(slack, chats):
    """A page for everybody at every change would cost the platform's limits."""
    slack.says("status")
    slack.taps(Verb.OPT_IN)
    await chats.wait()
    assert _published(chats) == 0

    slack.opens_home()
    await chats.wait()
    assert _published(chats) == 1
    slack.says("status")
    await chats.wait()
    assert _published(chats) == 1
    slack.taps(Verb.OPT_OUT)
    await chats.wait()
    assert _published(chats) == 2
    slack.commands("stop")
    await chats.wait()

    assert _published(chats) == 3


async def test_the_messages_tab_is_no_home(slack, chats):
    chats.sandbox.slack.open_home(slack.external, tab="messages")
    await chats.wait()

    assert _published(chats) == 0


@pytest.mark.parametrize(("verb", "value"), [(Verb.OPT_IN, "opt_in"), (Verb.OPT_OUT, "opt_out")])
async def test_an_answer_on_it_shows_there_and_in_the_direct_message(slack, chats, verb, value):
    slack.opens_home()
    await chats.wait()

    slack.taps_home(verb)
    await chats.wait()

    assert slack.history == [value]
    assert slack.choice.receipt in slack.home.text
    assert slack.choice.receipt in slack.question.text
    assert len(slack.seen) == 2


async def test_a_choice_is_changed_there_as_well(slack, chats):
    slack.opens_home()
    await chats.wait()
    slack.taps_home(Verb.OPT_IN)
    await chats.wait()

    slack.taps_home(Verb.OPT_OUT)
    await chats.wait()

    assert slack.history == ["opt_in", "opt_out"]


async def test_messages_are_turned_off_and_on_there_without_another_message(slack, chats):
    slack.opens_home()
    await chats.wait()

    slack.taps_home(Verb.STOP)
    await chats.wait()
    assert slack.recipient.muted_at is not None
    assert Verb.RESUME in slack.home.verbs
    slack.taps_home(Verb.RESUME)
    await chats.wait()

    assert slack.recipient.muted_at is None
    assert len(slack.seen) == 1


async def test_the_language_is_chosen_there(slack, chats):
    slack.opens_home()
    await chats.wait()

    slack.taps_home(Verb.SPEAK_FR)
    await chats.wait()

    assert slack.recipient.locale == "fr"
    assert "Langue" in slack.home.text
    assert len(slack.seen) == 1


async def test_the_original_is_shown_there_and_back(slack, chats):
    slack.opens_home()
    await chats.wait()

    slack.taps_home(Verb.ORIGINAL)
    await chats.wait()
    assert "Belum ada" in slack.home.text
    slack.taps_home(Verb.TRANSLATION)
    await chats.wait()

    assert "No choice of yours is recorded yet." in slack.home.text


async def test_the_receipt_is_downloaded_there(slack, chats):
    slack.taps(Verb.OPT_IN)
    slack.opens_home()
    await chats.wait()

    slack.taps_home(Verb.RECEIPT)
    await chats.wait()

    assert slack.choice.receipt in slack.last.text


async def test_an_answer_on_telegram_shows_there(chats):
    """One person, several places: every one of them tells the same."""
    telegram, slack = chats.actor(TELEGRAM, "u-both"), chats.actor(SLACK, "u-both")
    async with chats.asked():
        slack.opens_home()
        await chats.wait()
        telegram.taps(Verb.OPT_OUT)
        await chats.wait()

    assert telegram.choice.receipt in slack.home.text


async def test_a_stranger_sees_what_the_bot_is(chats):
    stranger = chats.actor(SLACK, known=False)
    async with chats.running():
        await chats.wait()
        stranger.opens_home()
        await chats.wait()

    assert "belum tertaut" in stranger.home.text
    assert stranger.home.verbs == []


async def test_after_forget_it_shows_nothing(slack, chats):
    slack.opens_home()
    await chats.wait()
    slack.taps_home(Verb.OPT_IN)
    await chats.wait()
    slack.commands("forget")
    await chats.wait()
    slack.taps(Verb.ERASE)
    await chats.wait()

    assert "Everything that we kept about you has been erased." in slack.home.text
    assert slack.home.verbs == []


async def test_a_home_tab_that_is_off_stops_nothing_else(slack, chats):
    """The manifest turns it on; where an administrator turned it off, people are still answered."""
    chats.sandbox.slack.slack.workspace.home_tab_is_on = False

    slack.opens_home()
    await chats.wait()
    slack.taps(Verb.OPT_IN)
    await chats.wait()

    assert slack.history == ["opt_in"]
    assert "Recorded" in slack.question.text


async def test_the_shortcut_is_answered_in_the_direct_message(slack, chats):
    chats.sandbox.slack.shortcut(slack.external, "choice")
    await chats.wait()

    assert slack.last.headline == "No choice of yours is recorded yet."


def _published(chats) -> int:
    return sum(entry.method == "views.publish" for entry in chats.sandbox.oracle.entries)
