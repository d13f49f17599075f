"""What a recipient can do, on both channels: the same flows through the whole application."""

from datetime import date, timedelta

import pytest

from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Plan
from bot.i18n import LOCALES, language_name
from bot.store import deliveries, recipients
from tests.conversation.chats import ASKED, OVER, SLACK, TELEGRAM

ANSWERS = ((Verb.OPT_IN, "opt_in"), (Verb.OPT_OUT, "opt_out"))
OTHER = {Verb.OPT_IN: Verb.OPT_OUT, Verb.OPT_OUT: Verb.OPT_IN}
RECORDED = {"opt_in": "Recorded: Allow training.", "opt_out": "Recorded: Do not allow training."}
SUNDAY = ASKED.replace(month=9, day=28)


@pytest.mark.parametrize(("verb", "value"), ANSWERS)
async def test_a_tap_turns_the_question_into_its_receipt(actor, chats, verb, value):
    """The same text for both answers, with the code and one tap to change it."""
    actor.taps(verb)
    await chats.wait()

    assert actor.history == [value]
    assert RECORDED[value] in actor.question.text
    assert actor.choice.receipt in actor.question.text
    assert "privacy settings" in actor.question.text  # where it is set in the product itself
    assert [v for v in actor.question.verbs if v in OTHER] == [OTHER[verb]]
    assert len(actor.seen) == 2


async def test_a_second_tap_gives_the_same_receipt(actor, chats):
    actor.taps(Verb.OPT_IN)
    await chats.wait()
    code = actor.choice.receipt

    actor.taps(Verb.OPT_IN, under=actor.seen[0])
    await chats.wait()

    assert actor.history == ["opt_in"]
    assert code in actor.question.text


async def test_a_choice_changes_in_one_tap_both_ways_for_ever(actor, chats):
    """Each change is a new receipt."""
    codes = set()
    for verb in (Verb.OPT_IN, Verb.OPT_OUT, Verb.OPT_IN):
        actor.taps(verb)
        await chats.wait()
        codes.add(actor.choice.receipt)

    assert actor.history == ["opt_in", "opt_out", "opt_in"]
    assert len(codes) == 3


async def test_it_takes_as_many_steps_to_refuse_as_to_allow_and_to_change(chats, channel):
    """One tap each, from the question to the receipt, with nothing asked in between."""
    allows, refuses = chats.actor(channel, "u-1"), chats.actor(channel, "u-2")
    steps = []
    async with chats.asked():
        for actor, verbs in ((allows, (Verb.OPT_IN, Verb.OPT_OUT)), (refuses, (Verb.OPT_OUT, Verb.OPT_IN))):
            for verb in verbs:
                taken = 0
                while actor.choice is None or actor.choice.value.name != verb.name:
                    actor.taps(verb)
                    await chats.wait()
                    taken += 1
                steps.append((taken, len(actor.seen)))

    assert steps == [(1, 2), (1, 3), (1, 2), (1, 3)]


@pytest.mark.parametrize(("word", "value"), [("yes", "opt_in"), ("no", "opt_out")])
async def test_a_yes_or_no_in_words_is_an_answer(actor, chats, word, value):
    """The receipt comes as a message of its own, and the question becomes it as well."""
    actor.says(word)
    await chats.wait()

    assert actor.history == [value]
    new = [shown for shown in actor.since(1) if not shown.edited]
    assert [RECORDED[value] in shown.text for shown in new] == [True]
    assert RECORDED[value] in actor.question.text


async def test_a_yes_counts_only_while_a_question_is_open(actor, chats):
    """Whoever has answered changes it by the button; a stray word does not."""
    actor.taps(Verb.OPT_OUT)
    await chats.wait()

    actor.says("yes")
    await chats.wait()

    assert actor.history == ["opt_out"]
    assert "Your choice on record: Do not allow training." in actor.last.text
    assert Verb.OPT_IN in actor.last.verbs


@pytest.mark.parametrize("text", ["what is this?", "ok", "thanks", "👍", "yes and no", "lorem ipsum"])
async def test_what_is_not_clear_is_asked_again_and_records_nothing(actor, chats, text):
    actor.says(text)
    await chats.wait()

    assert actor.history == []
    assert "We are not sure what you have chosen" in actor.last.headline
    assert {Verb.OPT_IN, Verb.OPT_OUT} <= set(actor.last.verbs)


async def test_the_buttons_come_again_once_and_the_short_help_once_in_ten_minutes(actor, chats):
    """A person who types on is not answered each time."""
    for text in ("hm", "hm hm", "lorem", "ipsum"):
        actor.says(text)
        await chats.wait()

    assert [shown.headline for shown in actor.since(1)] == [
        "We are not sure what you have chosen, so nothing is recorded.",
        "This bot reads short answers and buttons only.",
    ]

    await chats.wait(timedelta(minutes=11))
    actor.says("dolor")
    await chats.wait()

    assert "We are not sure" in actor.last.headline


async def test_later_is_offered_and_then_planned(actor, chats):
    """A pause leads to a reminder at another time, never to a choice."""
    actor.taps(Verb.LATER)
    await chats.wait()
    assert "When may we remind you?" in actor.last.headline
    assert {Verb.OPT_IN, Verb.OPT_OUT, Verb.LATER_TOMORROW} <= set(actor.last.verbs)

    actor.taps(Verb.LATER_TOMORROW)
    await chats.wait()
    assert "We will remind you on Wednesday, September 3, 2025" in actor.last.headline
    await chats.wait(timedelta(days=2))

    assert actor.history == []
    assert [step.step for step in _sent(chats, actor)] == ["notice", "later-1"]


@pytest.mark.parametrize("asked", ["command", "words"])
async def test_later_can_be_asked_for_in_words_and_by_command(actor, chats, asked):
    actor.commands("later") if asked == "command" else actor.says("remind me tomorrow")
    await chats.wait()

    assert "When may we remind you?" in actor.last.headline


async def test_a_pause_that_ends_near_the_final_reminder_names_that_one(actor, chats):
    """What would come a day before the last one is merged into it, and so is what lies between."""
    actor.taps(Verb.LATER)
    await chats.wait()
    actor.taps(Verb.LATER_DAY_BEFORE)
    await chats.wait()
    said = actor.last.headline
    await chats.until(OVER)

    steps = [step for step in _sent(chats, actor) if step.step != "closing"]
    assert steps[0].step == "notice"
    assert len(steps) in (2, 3)
    assert f"September {steps[1].settled_at.day}, 2025" in said


async def test_nothing_is_left_to_put_off_on_the_last_day(actor, chats):
    await chats.until(SUNDAY)

    actor.commands("later")
    await chats.wait()

    assert actor.last.headline == "No further reminder is planned before the deadline."


async def test_stop_is_neither_yes_nor_no_and_can_be_taken_back(actor, chats):
    actor.says("stop")
    await chats.wait()
    assert "We will send you no more messages about this." in actor.last.headline
    assert actor.recipient.muted_at is not None

    await chats.until(ASKED + timedelta(days=20))
    assert [step.step for step in _sent(chats, actor)] == ["notice"]
    actor.taps(Verb.RESUME)
    await chats.wait()

    assert actor.recipient.muted_at is None
    assert actor.last.headline == "We will send you messages again."
    assert actor.history == []


async def test_who_has_stopped_can_still_answer(actor, chats):
    actor.commands("stop")
    await chats.wait()

    actor.taps(Verb.OPT_OUT)
    await chats.wait()

    assert actor.history == ["opt_out"]


async def test_who_has_stopped_is_not_promised_a_reminder(actor, chats):
    actor.commands("stop")
    await chats.wait()

    actor.commands("later")
    await chats.wait()

    assert "We do not send you messages about it, as you asked." in actor.last.text
    assert Verb.RESUME in actor.last.verbs


async def test_resume_is_a_command_too(actor, chats):
    actor.commands("stop")
    await chats.wait()

    actor.commands("resume")
    await chats.wait()

    assert actor.recipient.muted_at is None


async def test_languages_are_offered_by_their_own_names_and_chosen_by_a_tap(actor, chats):
    actor.commands("language")
    await chats.wait()
    assert actor.last.labels == [language_name(locale) for locale in LOCALES]

    actor.taps(Verb.SPEAK_FR)
    await chats.wait()
    assert actor.recipient.locale == "fr"
    assert "Français" in actor.last.text

    actor.commands("status")
    await chats.wait()
    assert "Aucun" in actor.last.text


async def test_a_language_can_be_named_at_once(actor, chats):
    actor.commands("language ja")
    await chats.wait()

    assert actor.recipient.locale == "ja"


async def test_an_answer_in_another_language_offers_that_language_once(actor, chats):
    """Never silently: the receipt is in the person's own language, the offer in the other."""
    actor.says("oui")
    await chats.wait()
    assert actor.history == ["opt_in"]
    assert "Recorded: Allow training." in actor.question.text
    assert actor.last.labels == ["Français"]
    assert actor.recipient.locale == "en"

    count = len(actor.seen)
    actor.says("aide")
    await chats.wait()
    assert all("Français" not in shown.labels for shown in actor.since(count))

    actor.taps(Verb.SPEAK_FR)
    await chats.wait()
    assert actor.recipient.locale == "fr"


async def test_a_zone_is_chosen_by_its_name(actor, chats):
    """Times and the deadline follow the person's clock."""
    actor.commands("timezone europe/paris")
    await chats.wait()

    assert actor.recipient.zone == "Europe/Paris"
    assert "Paris" in actor.last.headline


async def test_a_zone_is_offered_and_chosen_by_a_tap(actor, chats):
    actor.commands("timezone")
    await chats.wait()
    assert "London" in actor.last.labels

    actor.taps(Verb.ZONE_2)
    await chats.wait()

    assert actor.recipient.zone == "America/New_York"


async def test_a_zone_that_does_not_exist_changes_nothing(actor, chats):
    actor.commands("timezone Asia/Jakatra")
    await chats.wait()

    assert actor.recipient.zone == "Asia/Jakarta"
    assert "There is no time zone called" in actor.last.headline
    assert "Asia/Jakarta" in actor.last.text


async def test_the_next_reminder_comes_by_the_new_clock(actor, chats):
    """A change of zone plans anew: nine in the morning in New York is not nine in Jakarta."""
    actor.commands("timezone America/New_York")
    await chats.until(ASKED + timedelta(days=14))

    [_, reminder] = _sent(chats, actor)

    assert reminder.step == "reminder-1"
    assert reminder.settled_at.hour >= 13  # in UTC


async def test_an_import_does_not_undo_what_was_chosen_here(actor, chats):
    actor.commands("timezone Europe/Paris")
    actor.commands("language fr")
    await chats.wait()

    row = _imported(chats, actor)
    chats.run(recipients.put, [row], now=chats.clock.now())

    assert (actor.recipient.zone, actor.recipient.locale) == ("Europe/Paris", "fr")


@pytest.mark.parametrize("command", ["status", "choice"])
async def test_how_things_stand_is_told_with_the_settings(actor, chats, command):
    actor.commands(command)
    await chats.wait()

    assert actor.last.headline == "No choice of yours is recorded yet."
    assert "English" in actor.last.text
    assert {Verb.OPT_IN, Verb.OPT_OUT} <= set(actor.last.verbs)


async def test_help_names_the_commands_and_a_human(actor, chats):
    actor.commands("help")
    await chats.wait()

    written = "/policy forget" if actor.channel is SLACK else "/forget"
    assert written in actor.last.text
    assert "Contoh Operator" in actor.last.text


async def test_an_unknown_command_is_answered_with_help(actor, chats):
    actor.commands("frobnicate")
    await chats.wait()

    assert "This bot asks you one question" in actor.last.headline


async def test_a_late_answer_is_an_answer_and_says_so(actor, chats):
    """Old buttons keep working after the deadline."""
    await chats.until(OVER)

    actor.taps(Verb.OPT_IN)
    await chats.wait()

    assert actor.history == ["opt_in"]
    assert "Your answer came after the deadline; it is recorded all the same." in actor.last.text


async def test_the_closing_note_records_nothing(actor, chats):
    """Silence is never a choice."""
    await chats.until(OVER)

    assert _sent(chats, actor)[-1].step == "closing"
    assert actor.history == []


async def test_a_new_user_is_asked_once_at_the_start_and_never_reminded(chats, channel):
    """Who registers later chooses at sign-up."""
    actor = chats.actor(channel, registered=date(2025, 9, 1))
    async with chats.asked():
        assert actor.seen == []

        actor.commands("start")
        await chats.wait()
        assert "New users make this choice when they sign up." in actor.last.text
        assert "September 28" not in actor.last.text
        actor.commands("start")
        await chats.wait()
        assert actor.last.headline == "No choice of yours is recorded yet."
        asked = len(actor.seen)
        await chats.until(OVER)
        assert len(actor.seen) == asked

        actor.taps(Verb.OPT_OUT)
        await chats.wait()

    assert actor.history == ["opt_out"]
    assert "after the deadline" not in actor.last.text


async def test_who_is_not_covered_is_asked_nothing(chats, channel):
    actor = chats.actor(channel, plan=Plan.ENTERPRISE)
    async with chats.asked():
        actor.commands("start")
        await chats.wait()
        actor.says("yes")
        await chats.wait()

    assert {shown.headline for shown in actor.seen} == {"There is no question for you at the moment."}
    assert actor.history == []


async def test_who_opens_the_bot_before_the_notice_is_welcomed(chats, channel):
    """And can have the whole question at once."""
    actor = chats.actor(channel)
    async with chats.running():
        await chats.wait()
        actor.commands("start")
        await chats.wait()
        assert actor.last.headline == "Welcome. Contoh Operator asks you one question here."

        actor.commands("choice")
        await chats.wait()

    assert "Who is covered, which data, and why" in actor.last.text
    assert {Verb.OPT_IN, Verb.OPT_OUT} <= set(actor.last.verbs)


async def test_a_stranger_is_told_what_the_bot_is_and_is_not_remembered(chats, channel):
    stranger = chats.actor(channel, known=False)
    async with chats.running():
        await chats.wait()
        stranger.says("yes")
        await chats.wait()

    assert "akun ini belum tertaut" in stranger.last.text  # in the language that counts: theirs is not known
    assert not _mentions(chats, stranger.external)


async def test_the_original_is_shown_in_place_and_back(actor, chats):
    actor.taps(Verb.ORIGINAL)
    await chats.wait()
    assert "Bolehkah" in actor.question.text

    actor.taps(Verb.TRANSLATION)
    await chats.wait()

    assert "May your new or resumed chats" in actor.question.text


async def test_the_original_of_a_receipt_and_back(actor, chats):
    actor.taps(Verb.OPT_IN)
    await chats.wait()

    actor.taps(Verb.ORIGINAL)
    await chats.wait()
    assert "Tercatat: Izinkan pelatihan." in actor.question.text
    actor.taps(Verb.TRANSLATION)
    await chats.wait()

    assert "Recorded: Allow training." in actor.question.text


async def test_a_choice_in_the_original_is_a_choice(actor, chats):
    actor.taps(Verb.ORIGINAL)
    await chats.wait()

    actor.taps(Verb.OPT_IN)
    await chats.wait()

    assert actor.history == ["opt_in"]


async def test_on_telegram_the_menu_follows_the_language(chats):
    """A menu of the chat's own, in the language that was chosen."""
    actor = chats.actor(TELEGRAM)
    async with chats.asked():
        actor.commands("language fr")
        await chats.wait()

    [menu] = [call for call in chats.sandbox.oracle.entries if call.method == "setMyCommands" and _chat(call)]
    assert "Choisir la langue" in str(menu.payload)
    assert "lookup" not in str(menu.payload)


def _chat(entry):
    return '"chat_id"' in str(entry.payload) or "'chat_id'" in str(entry.payload)


def _sent(chats, actor):
    log = chats.run(deliveries.of_person, actor.recipient.id)
    return [row for row in log if row.state == "sent"]


def _imported(chats, actor):
    person = actor.recipient
    return Imported(person.ref, person.plan, "en", "Asia/Jakarta", person.registered_on, person.addresses)


def _mentions(chats, name):
    with chats.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT sender, body, dedupe FROM inbox").all()
        rows += connection.exec_driver_sql('SELECT "to", body FROM delivery').all()
    return any(name in str(row) for row in rows)
