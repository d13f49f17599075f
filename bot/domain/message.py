"""The neutral message: what the core makes and each channel renders."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique


class MessageKind(StrEnum):
    """What a message is for."""

    NOTICE = "notice"
    REMINDER = "reminder"
    LAST_REMINDER = "last_reminder"
    CORRECTION = "correction"
    CLOSING = "closing"
    RECEIPT = "receipt"
    ASK_AGAIN = "ask_again"
    SNOOZE = "snooze"
    SNOOZED = "snoozed"
    MUTED = "muted"
    RESUMED = "resumed"
    STATUS = "status"
    SIGN_UP = "sign_up"  # the question to somebody who registered after the campaign's existing users
    HELP = "help"
    LANGUAGE = "language"
    ZONE = "zone"
    DATA = "data"  # what is kept of a person, or a file with it
    PRIVACY = "privacy"
    FORGET = "forget"  # whether everything is to be erased
    FORGOTTEN = "forgotten"
    HOME = "home"  # how things stand, on a page of its own
    MENU = "menu"  # the commands of one chat
    INFO = "info"  # one plain statement, to a person
    STAFF = "staff"  # a card or a statement, to staff


@unique  # a button must not do what another one says
class Verb(StrEnum):
    """What a button does; the value stands in its token and so stays short."""

    OPT_IN = "i"
    OPT_OUT = "o"
    LATER = "l"
    LATER_TOMORROW = "l1"
    LATER_THREE_DAYS = "l3"
    LATER_DAY_BEFORE = "lb"
    STOP = "m"
    RESUME = "u"
    ORIGINAL = "g"
    TRANSLATION = "t"
    LINK_YES = "y"
    LINK_NO = "n"
    RECEIPT = "r"
    ERASE = "x"
    SPEAK_ID = "vi"
    SPEAK_EN = "ve"
    SPEAK_ZH = "vz"
    SPEAK_JA = "vj"
    SPEAK_AR = "va"
    SPEAK_FR = "vf"
    ZONE_1 = "z1"
    ZONE_2 = "z2"
    ZONE_3 = "z3"
    ZONE_4 = "z4"
    ZONE_5 = "z5"
    ZONE_6 = "z6"
    PAUSE = "cp"  # under what the staff channel is told
    DETAILS = "cd"
    FOR_QUESTION = "pq"  # what somebody is looked up for
    FOR_COMPLAINT = "pc"
    FOR_DELIVERY = "pd"
    FOR_PRIVACY = "pp"
    RESEND = "sr"
    LINK_ACCOUNT = "sl"
    TEST = "q"  # a button of a test message: it does nothing
    PICK_1 = "p1"  # staff's: the n-th campaign of a list
    PICK_2 = "p2"
    PICK_3 = "p3"
    PICK_4 = "p4"
    PICK_5 = "p5"
    PICK_6 = "p6"
    CAMPAIGN_LIST = "kl"
    CAMPAIGN_STATUS = "kt"
    CAMPAIGN_PREVIEW = "kv"
    CAMPAIGN_REQUEST = "kq"
    CAMPAIGN_APPROVE = "ka"
    CAMPAIGN_REJECT = "kj"
    CAMPAIGN_UNSCHEDULE = "kh"
    CAMPAIGN_START = "ks"
    CAMPAIGN_CONTINUE = "kn"
    CAMPAIGN_PAUSE = "kp"
    CAMPAIGN_RESUME = "kr"
    CAMPAIGN_CANCEL = "kx"
    CONFIRM = "kk"  # carries out the line of words that the message shows


@dataclass(frozen=True, slots=True)
class Button:
    """A labelled act; the label names what it does."""

    label: str
    verb: Verb


@dataclass(frozen=True, slots=True)
class Link:
    """A labelled address to open."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of plain text (no markup); `long` parts may be folded where the channel can."""

    text: str
    long: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value, such as in a receipt or a look-up card."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class ShownTime:
    """A sentence about an instant: `sentence` holds `{when}` once, where `when` goes."""

    sentence: str
    when: str
    at: datetime

    @property
    def text(self) -> str:
        return self.sentence.replace("{when}", self.when)


class Surface(StrEnum):
    """Where a message is shown."""

    CHAT = "chat"
    HOME = "home"  # the person's own page in the app, where the platform has one
    MENU = "menu"  # the chat's list of commands: one fact each


@dataclass(frozen=True, slots=True)
class Document:
    """A file that somebody gets."""

    name: str
    kind: str  # as MIME calls it
    content: bytes

    @property
    def is_picture(self) -> bool:
        """Whether it is to be seen in the chat itself."""
        return self.kind.startswith("image/")


@dataclass(frozen=True, slots=True)
class Message:
    """One message in one language.

    `choices` stand one per row, in this order, without style; `secondary` comes after them, at most two
    in a row. `headline` is a whole sentence: it is what a notification shows. `ref` is a code that a
    person may copy, `footnote` the line that the message ends with. Text is plain: renderers escape it.
    """

    kind: MessageKind
    locale: str
    headline: str
    paragraphs: tuple[Paragraph, ...] = ()
    facts: tuple[Fact, ...] = ()
    deadline: ShownTime | None = None
    choices: tuple[Button, ...] = ()
    secondary: tuple[Button | Link, ...] = ()
    silent: bool = False
    ref: str | None = None
    footnote: str | None = None

    @property
    def asks(self) -> bool:
        """Whether it carries both answers; such a message is a campaign message to the fakes."""
        return {Verb.OPT_IN, Verb.OPT_OUT} <= {button.verb for button in self.choices}
