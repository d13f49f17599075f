"""What staff read when something needs one of them, and when it is mended."""

from datetime import datetime
from typing import assert_never

from bot.domain.alert import Alert, AlertKind
from bot.domain.guard import Guard
from bot.domain.message import Message, MessageKind, Paragraph
from bot.i18n import Words, directed, language_name, match_locale, shown_number
from bot.store.alerts import Incident

DEAD, RETRY, VERIFY = "tenggat inbox dead", "tenggat inbox retry", "tenggat ledger verify"
REJECTED = "tenggat deliveries --state rejected"


def incident_message(words: Words, incident: Incident) -> Message:
    """What has happened and what to do; of one that is over already, that it is."""
    if incident.resolved_at is not None:
        return _message(words, _mended(words, incident.alert))
    return _message(words, _wrong(words, incident.alert), *_advice(words, incident.alert))


def _wrong(words: Words, alert: Alert) -> str:
    match alert.kind:
        case AlertKind.TOKEN_DEAD:
            return words.gettext(
                "Nothing can be sent by {lane}: the platform refuses us.", lane=alert.subject
            )
        case AlertKind.LANE_STOPPED:
            return words.gettext("Messages wait at {lane}, and no process sends them.", lane=alert.subject)
        case AlertKind.DEAD_LETTERS:
            count = int(alert.detail["count"])
            return words.ngettext(
                "{count} update from people could not be worked.",
                "{count} updates from people could not be worked.",
                count,
            )
        case AlertKind.CLOCK_LATE:
            since = words.moment(datetime.fromisoformat(alert.detail["since"]))
            return words.gettext("The clock is late: what was due on {since} is not planned.", since=since)
        case AlertKind.GUARD_TRIPPED:
            return words.gettext("The campaign {campaign} has paused by itself.", campaign=alert.subject)
        case AlertKind.UNWRITTEN:
            locale = match_locale(alert.detail["locale"])
            return words.gettext(
                "A message of the campaign {campaign} could not be written ({language}).",
                campaign=alert.subject,
                language=language_name(locale) if locale else alert.detail["locale"],
            )
        case AlertKind.LEDGER_BROKEN:
            return words.gettext("The ledger does not verify.")
        case AlertKind.LOOKUPS:
            return words.gettext("{name} looks up more people than is usual.", name=alert.subject)
    assert_never(alert.kind)


def _advice(words: Words, alert: Alert) -> tuple[str, ...]:
    match alert.kind:
        case AlertKind.TOKEN_DEAD:
            return (
                words.gettext("It says: {reason}", reason=alert.detail["reason"]),
                words.gettext("Mend the token or the app and start again; nothing that waits is lost."),
            )
        case AlertKind.LANE_STOPPED:
            return (words.gettext("Start a worker that has this channel's token."),)
        case AlertKind.DEAD_LETTERS:
            return (words.gettext("See them by {look}; {retry} tries them again.", look=DEAD, retry=RETRY),)
        case AlertKind.CLOCK_LATE:
            return (
                words.gettext("See whether a process that plans is running, and whether it is overloaded."),
            )
        case AlertKind.GUARD_TRIPPED:
            return (_why_tripped(words, alert), words.gettext("It goes on when somebody resumes it."))
        case AlertKind.UNWRITTEN:
            return (
                words.gettext(
                    "Whoever it was for gets none. See them by {look}; the log says why.", look=REJECTED
                ),
            )
        case AlertKind.LEDGER_BROKEN:
            return (
                words.gettext("It says: {reason}", reason=alert.detail["problem"]),
                words.gettext("Look by {command} before anything else.", command=VERIFY),
            )
        case AlertKind.LOOKUPS:
            count = int(alert.detail.get("count", "0"))
            return (
                words.ngettext(
                    "{count} person was looked up within an hour.",
                    "{count} people were looked up within an hour.",
                    count,
                ),
            )
    assert_never(alert.kind)


def _why_tripped(words: Words, alert: Alert) -> str:
    locale, detail = words.catalog.locale, alert.detail
    places = {
        "count": shown_number(int(detail["count"]), locale),
        "total": shown_number(int(detail["total"]), locale),
        "limit": detail["limit"],
        "before": shown_number(int(detail["blocked_before"]), locale),
    }
    match Guard(detail["guard"]):
        case Guard.BLOCKED:
            text = words.gettext(
                "Of {total} messages that arrived, {count} were answered by blocking the bot; the limit is"
                " {limit} %. Found blocked before: {before}.",
                **places,
            )
        case Guard.FAILED:
            text = words.gettext(
                "Of {total} messages, {count} could not be delivered; the limit is {limit} %. Found blocked"
                " before: {before}.",
                **places,
            )
    return text


def _mended(words: Words, alert: Alert) -> str:
    match alert.kind:
        case AlertKind.TOKEN_DEAD:
            return words.gettext("Mended: {lane} can send again.", lane=alert.subject)
        case AlertKind.LANE_STOPPED:
            return words.gettext("Mended: the messages at {lane} are being sent.", lane=alert.subject)
        case AlertKind.DEAD_LETTERS:
            return words.gettext("Mended: no update is left that could not be worked.")
        case AlertKind.CLOCK_LATE:
            return words.gettext("Mended: everything that was due is planned.")
        case AlertKind.GUARD_TRIPPED:
            return words.gettext("The pause of the campaign {campaign} is over.", campaign=alert.subject)
        case AlertKind.UNWRITTEN:
            return words.gettext(
                "The campaign {campaign} has ended; what could not be written was not sent.",
                campaign=alert.subject,
            )
        case AlertKind.LEDGER_BROKEN:
            return words.gettext("Mended: the ledger verifies.")
        case AlertKind.LOOKUPS:
            return words.gettext("{name} looks up no more people than is usual.", name=alert.subject)
    assert_never(alert.kind)


def _message(words: Words, headline: str, *texts: str) -> Message:
    locale = words.catalog.locale
    paragraphs = tuple(Paragraph(directed(text, locale)) for text in texts)
    return Message(MessageKind.STAFF, locale, directed(headline, locale), paragraphs)
