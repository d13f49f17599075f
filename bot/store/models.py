"""The tables. Rows never leave this floor; dates and times are aware and in UTC."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


class RecipientRow(SQLModel, table=True):
    """An existing user of the product."""

    __tablename__ = "recipient"

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(unique=True)
    pseudonym: str | None = Field(default=None, unique=True)  # what the ledger calls them
    plan: str
    locale: str | None = None  # as imported
    chosen_locale: str | None = None  # as chosen in the bot; goes first
    zone: str | None = None
    zone_chosen: bool = False  # in the bot: an import leaves it alone
    offered_locales: str = ""  # languages that were offered once, separated by spaces
    registered_on: date | None = None
    email_hash: str | None = Field(default=None, index=True)
    muted_at: datetime | None = None
    imported_at: datetime


class AddressRow(SQLModel, table=True):
    """A place where a recipient can be reached; `key` names it across tables and tokens."""

    __tablename__ = "address"
    __table_args__ = (
        Index(
            "ix_address_blocked",
            "recipient_id",
            sqlite_where=text("reach = 'blocked'"),
            postgresql_where=text("reach = 'blocked'"),
        ),
        Index("ix_address_reach", "recipient_id", "reach"),
    )

    id: int | None = Field(default=None, primary_key=True)
    recipient_id: int = Field(foreign_key="recipient.id")
    key: str = Field(unique=True)
    channel: str
    external: str
    workspace: str | None = None
    conversation: str | None = None
    reach: str
    reachable_since: datetime
    closed_at: datetime | None = None  # when it was blocked or gone, as long as it is
    handle: str | None = Field(default=None, index=True)  # in lower case, as no platform tells them apart
    language: str | None = None  # as the platform says
    helped_at: datetime | None = None  # when the short help was last said
    home_at: datetime | None = None  # when the person first opened their own page in the app
    identity: str | None = None  # the Telegram bot that writes here; None: the first one


class CampaignRow(SQLModel, table=True):
    """A campaign as it stands."""

    __tablename__ = "campaign"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    state: str
    revision: int
    document: str  # JSON of the present revision
    zone: str  # the document's: for those whose own we do not know
    author: str
    approver: str | None = None
    approved_hash: str | None = None
    start_at: datetime | None = None
    started_at: datetime | None = None
    first_below: str | None = None  # for now only people whose mark is lower are asked
    proposed: str | None = None  # JSON of a document that waits for approval
    proposed_by: str | None = None
    version: int = 0  # one more with each change: what shows the campaign can tell that it is out of date
    unplanned: bool = True  # somebody may be in the audience for whom no notice is planned
    looks_begun: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # for such people
    looks_ended: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}
    )  # the last whose finds are planned


class CampaignRevisionRow(SQLModel, table=True):
    """What a campaign said in one revision."""

    __tablename__ = "campaign_revision"
    __table_args__ = (UniqueConstraint("campaign_id", "revision"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    revision: int
    content_hash: str
    document: str
    made_at: datetime
    made_by: str


class TemplateRow(SQLModel, table=True):
    """Words that campaigns have of their own, by the hash that their documents name; never changed."""

    __tablename__ = "template"

    hash: str = Field(primary_key=True)
    made_at: datetime
    made_by: str


class TemplateTextRow(SQLModel, table=True):
    """The words of a template at one place in one language, with the facts that they rest on."""

    __tablename__ = "template_text"
    __table_args__ = (UniqueConstraint("template", "locale", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    template: str = Field(foreign_key="template.hash")
    locale: str
    place: str
    text: str
    facts: str  # separated by spaces


class CohortRow(SQLModel, table=True):
    """All who share zone, day asked and channel: they have their slots in common.

    `revision` is the one whose slots are computed, 0 for none yet.
    """

    __tablename__ = "cohort"
    __table_args__ = (UniqueConstraint("campaign_id", "zone", "day_asked", "channel"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    zone: str
    day_asked: date
    channel: str
    revision: int = 0


class SlotRow(SQLModel, table=True):
    """The instants of one step for all who share zone, day asked and channel.

    `due_at` is null for a step that will not be sent; `planned_at` is when its deliveries were made.
    """

    __tablename__ = "slot"
    __table_args__ = (
        UniqueConstraint("campaign_id", "step", "zone", "day_asked", "channel"),
        Index("ix_slot_due", "campaign_id", "planned_at", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    revision: int
    step: str
    kind: str
    number: int
    zone: str
    day_asked: date
    channel: str
    state: str
    due_at: datetime | None = None
    not_after: datetime
    final: bool = False
    why: str
    planned_at: datetime | None = None


class DeliveryRow(SQLModel, table=True):
    """One step on its way to one address: the outbox, which is also the delivery log.

    A campaign step takes its instants from its slot; `due_at` overrides the slot's (a retry, a pause asked
    for). A reply has no campaign step: it belongs to an inbox row and carries its own `body`.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("campaign_id", "recipient_id", "step"),
        UniqueConstraint("inbox_id", "number"),
        Index(
            "ix_delivery_open",
            "lane",
            "state",
            "priority",
            "due_at",
            "id",
            sqlite_where=text("state IN ('due', 'sending')"),
            postgresql_where=text("state IN ('due', 'sending')"),
        ),
        Index("ix_delivery_recipient", "recipient_id", "campaign_id"),
        Index("ix_delivery_slot", "slot_id"),
        Index(
            "ix_delivery_about",
            "about_id",
            sqlite_where=text("about_id IS NOT NULL"),
            postgresql_where=text("about_id IS NOT NULL"),
        ),
        Index("ix_delivery_asked", "campaign_id", "step", "asked_on", "channel"),
        Index(
            "ix_delivery_doubtful",
            "lane",
            sqlite_where=text("doubts > 0"),
            postgresql_where=text("doubts > 0"),
        ),
        Index(
            "ix_delivery_rejected",
            "campaign_id",
            sqlite_where=text("state = 'rejected'"),
            postgresql_where=text("state = 'rejected'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int | None = Field(default=None, foreign_key="campaign.id")
    recipient_id: int | None = Field(default=None, foreign_key="recipient.id")
    address_id: int | None = Field(default=None, foreign_key="address.id")
    slot_id: int | None = Field(default=None, foreign_key="slot.id")
    inbox_id: int | None = Field(default=None, foreign_key="inbox.id")
    number: int | None = None  # the n-th reply to its inbox row
    step: str | None = None
    kind: str
    final: bool = False
    asks: bool = False  # replies: it carries both answers
    channel: str
    lane: str
    to: str | None = None  # replies: the place they go to, as JSON
    priority: int
    state: str
    on_doubt: str
    due_at: datetime | None = None
    not_after: datetime | None = None
    claim: int = 0
    epoch: int = 0
    failures: int = 0
    doubts: int = 0  # sends of which nobody knows whether they arrived
    created_at: datetime
    claimed_at: datetime | None = None
    settled_at: datetime | None = None
    asked_on: date | None = None  # notices: the local day on which it was accepted
    deadline_shown: date | None = None
    platform_message: str | None = None
    reason: str | None = None
    rendering: str | None = Field(default=None, foreign_key="rendering.hash")  # written before it is sent
    revision: int | None = None  # the campaign's, which the text is of
    body: str | None = None  # replies: the message
    edits: str | None = None  # the platform's id of the message that this one replaces
    response_url: str | None = None
    document: str | None = None  # replies: a file, as JSON, until it is sent
    surface: str = "chat"  # where it is shown
    wiped: bool = False  # nothing personal is left in it once it is settled
    about_id: int | None = Field(default=None, foreign_key="recipient.id")  # cards: of whom it tells


class RenderingRow(SQLModel, table=True):
    """A distinct text that was shown, by the SHA-256 of its canonical JSON."""

    __tablename__ = "rendering"

    hash: str = Field(primary_key=True)
    message: str
    first_at: datetime


class InboxRow(SQLModel, table=True):
    """An update as a platform handed it to us, kept before we say OK."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("identity", "dedupe"),
        Index(
            "ix_inbox_open",
            "state",
            "id",
            sqlite_where=text("state = 'new'"),
            postgresql_where=text("state = 'new'"),
        ),
        Index("ix_inbox_sender", "sender", "state"),
        Index(
            "ix_inbox_dead",
            "id",
            sqlite_where=text("state = 'dead'"),
            postgresql_where=text("state = 'dead'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    identity: str
    dedupe: str
    position: int | None = Field(default=None, sa_type=BigInteger)  # in the platform's own order
    sender: str
    body: str
    received_at: datetime
    state: str
    attempts: int = 0
    retry_at: datetime | None = None
    error: str | None = None
    done_at: datetime | None = None


class ChoiceRow(SQLModel, table=True):
    """A choice as it was made; never updated. `record` holds what `nonce` and the ledger commit to."""

    __tablename__ = "choice"
    __table_args__ = (
        Index("ix_choice_person", "recipient_id", "campaign_id"),
        Index(  # of all with an hour: no search by campaign alone is led astray by it
            "ix_choice_alike",
            "campaign_id",
            "hour",
            "channel",
            "locale",
            "value",
            sqlite_where=text("hour IS NOT NULL"),
            postgresql_where=text("hour IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    seq: int = Field(foreign_key="ledger_entry.seq", unique=True)
    recipient_id: int = Field(foreign_key="recipient.id")
    campaign_id: int = Field(foreign_key="campaign.id")
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id")
    receipt: str = Field(unique=True)
    value: str
    supersedes: bool  # False: it came late and a newer one by the platform's order already stood
    record: bytes
    nonce: bytes
    received_at: str | None = (
        None  # this and the next three as in the record; None: by a release without them
    )
    hour: str | None = None  # that in which it was received, in UTC
    channel: str | None = None
    locale: str | None = None


class RepetitionRow(SQLModel, table=True):
    """An answer that said what stood already; it is kept as a choice only if a late one makes it one."""

    __tablename__ = "repetition"
    __table_args__ = (Index("ix_repetition_person", "recipient_id", "campaign_id"),)

    id: int | None = Field(default=None, primary_key=True)
    recipient_id: int = Field(foreign_key="recipient.id")
    campaign_id: int = Field(foreign_key="campaign.id")
    received_at: datetime
    record: bytes


class LedgerRow(SQLModel, table=True):
    """An entry of the ledger: its canonical bytes and their hash."""

    __tablename__ = "ledger_entry"

    seq: int = Field(primary_key=True)
    entry: bytes
    hash: str


class StatementRow(SQLModel, table=True):
    """What an entry other than a choice commits to, in the clear; without `seq` it waits for its entry."""

    __tablename__ = "statement"
    __table_args__ = (
        Index(
            "ix_statement_waiting",
            "id",
            sqlite_where=text("seq IS NULL"),
            postgresql_where=text("seq IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    seq: int | None = Field(default=None, foreign_key="ledger_entry.seq", unique=True)
    type: str
    record: bytes


class SubtreeRow(SQLModel, table=True):
    """The hash over 256 entries (level 1), 256 times as many (level 2) and so on: proofs need not read them."""

    __tablename__ = "ledger_subtree"

    level: int = Field(primary_key=True)
    number: int = Field(primary_key=True)  # from 0
    hash: bytes


class CheckpointRow(SQLModel, table=True):
    """A signed checkpoint; `said_at` is when it was last made, `put_at` when it was put outside since."""

    __tablename__ = "checkpoint"

    size: int = Field(primary_key=True)
    note: str
    said_at: datetime
    put_at: datetime | None = None


class LedgerKeyRow(SQLModel, table=True):
    """A public key by which checkpoints here are known."""

    __tablename__ = "ledger_key"

    key: str = Field(primary_key=True)
    since: datetime


class EffectRow(SQLModel, table=True):
    """A choice that the system of record is told of."""

    __tablename__ = "effect"
    __table_args__ = (
        Index(
            "ix_effect_open",
            "recipient_id",
            "seq",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
    )

    seq: int = Field(primary_key=True, foreign_key="choice.seq")
    recipient_id: int = Field(foreign_key="recipient.id", index=True)
    state: str
    attempts: int = 0
    due_at: datetime
    told_at: datetime | None = None
    applied_at: datetime | None = None
    reason: str | None = None  # why the last attempt came to nothing


class SuppressionRow(SQLModel, table=True):
    """A keyed mark of somebody who was forgotten, so that an import does not bring them back."""

    __tablename__ = "suppression"

    mark: str = Field(primary_key=True)
    at: datetime


class LinkTokenRow(SQLModel, table=True):
    """An invitation: a link by which one person connects an account of theirs, once.

    `opened_by` is the key of the account that opened it and was asked whether it is that person's; nobody
    else can use it from then on, unless the answer is no. `used_at` is when the answer was yes. One made by
    support leads nowhere after `until`; an invitation, of which a person has one only, has no such instant.
    """

    __tablename__ = "link_token"
    __table_args__ = (
        Index(
            "ix_link_token_invited",
            "campaign_id",
            "recipient_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    token: bytes = Field(unique=True)
    recipient_id: int = Field(foreign_key="recipient.id", index=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    made_at: datetime
    opened_by: str | None = None
    opened_at: datetime | None = None
    used_at: datetime | None = None
    until: datetime | None = None


class ErrandRow(SQLModel, table=True):
    """What staff asked for in a chat and is worked out beside the talk; gone once it is answered."""

    __tablename__ = "errand"

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    inbox_id: int | None = Field(default=None, foreign_key="inbox.id")
    number: int  # of the first of its answers among the replies to the update
    kind: str
    locale: str
    zone: str
    to: str  # where the answer goes, as JSON
    lane: str
    response_url: str | None = None
    made_at: datetime


class StaffRow(SQLModel, table=True):
    """Somebody of the operator's who may give commands, by channel identity."""

    __tablename__ = "staff"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    role: str
    key: str = Field(unique=True)  # an `Address.key`
    added_at: datetime
    added_by: str


class StaffPassRow(SQLModel, table=True):
    """What opens the staff page, by its SHA-256: a link that signs somebody in once, or a session."""

    __tablename__ = "staff_pass"

    hash: str = Field(primary_key=True)
    kind: str
    key: str = Field(index=True)  # the channel identity of whoever it belongs to
    expires_at: datetime


class CardRow(SQLModel, table=True):
    """The newest card of a campaign in a chat of the staff's: it is edited when the campaign changes."""

    __tablename__ = "card"
    __table_args__ = (UniqueConstraint("campaign_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    key: str  # an `Address.key`
    delivery_id: int = Field(foreign_key="delivery.id")
    version: int  # of the campaign, as the card shows it


class AuditRow(SQLModel, table=True):
    """Something that staff did or was refused."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_actor", "actor", "act", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str
    act: str
    subject: str | None = Field(default=None, index=True)
    allowed: bool
    detail: str | None = None


class LaneRow(SQLModel, table=True):
    """The sending budget of one bot identity, and who owns it now."""

    __tablename__ = "lane"

    name: str = Field(primary_key=True)
    owner: str | None = None
    epoch: int = 0
    registered_at: datetime
    lease_until: datetime | None = None
    free_at: datetime | None = None  # before this nothing is begun, whoever owns it
    rate: float | None = None  # messages a second after the last refusals; None: no limit, or none met yet
    stopped: str | None = None  # why nothing can be sent: the token is dead
    token_hint: str | None = None  # which token answers for it, as a short hash
    remembers: bool | None = None  # the platform gives back the metadata of our messages; None: not tested
    handle: str | None = None  # what the platform calls the bot, for links to it


class IdentityRow(SQLModel, table=True):
    """A bot or an app beside those of the environment; what it signs in with is locked."""

    __tablename__ = "identity"

    name: str = Field(primary_key=True)  # as its lane's
    label: str | None = None
    app: str | None = None  # the Slack app that was installed by OAuth
    locked: bytes
    expires_at: datetime | None = None  # of the token that is locked
    renewing_until: datetime | None = None  # until then one process has its token replaced, and no other
    added_at: datetime
    added_by: str
    changed_at: (
        datetime  # when it was last given other credentials; that its token was renewed does not count
    )


class InstallStateRow(SQLModel, table=True):
    """An installation that was begun, by the SHA-256 of its state, which comes back once."""

    __tablename__ = "install_state"

    hash: str = Field(primary_key=True)
    expires_at: datetime


class GuardTripRow(SQLModel, table=True):
    """A campaign that paused by itself. The counts are those at the trip, and from `renewed` on those at which
    a person let it go on: what came before is not held against it again."""

    __tablename__ = "guard_trip"

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id", index=True)
    guard: str
    at: datetime
    sent: int
    blocked: int
    failed: int
    renewed: bool = False


class AlertRow(SQLModel, table=True):
    """Something that needs a person; of each incident one row, told once and once more when it is mended."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "ix_alert_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    detail: str  # JSON: what the sentence says besides
    raised_at: datetime
    told_at: datetime | None = None
    resolved_at: datetime | None = None
    mended_told_at: datetime | None = None


class BulletinRow(SQLModel, table=True):
    """A message in the staff channel that is known by a key: posted once, and edited where it stands.

    `mark` is the newest choice when the step began; `done` and `done_at` are what the last edit counted.
    """

    __tablename__ = "bulletin"
    __table_args__ = (UniqueConstraint("key", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str
    place: str  # an `Address.key`
    delivery_id: int = Field(foreign_key="delivery.id", index=True)
    campaign_id: int | None = Field(default=None, foreign_key="campaign.id")
    step: str | None = None
    open: bool
    mark: int
    done: int
    done_at: datetime


class RestoreRow(SQLModel, table=True):
    """The database was put back from an older copy; until `released_at` nothing is sent."""

    __tablename__ = "restore"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    by: str
    released_at: datetime | None = None
    released_by: str | None = None
