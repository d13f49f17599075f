"""Make the first tables."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("actor", sqltypes.AutoString(), nullable=False),
        sa.Column("act", sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqltypes.AutoString(), nullable=True),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("detail", sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_actor", ["actor", "act", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_subject"), ["subject"], unique=False)

    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sqltypes.AutoString(), nullable=False),
        sa.Column("zone", sqltypes.AutoString(), nullable=False),
        sa.Column("author", sqltypes.AutoString(), nullable=False),
        sa.Column("approver", sqltypes.AutoString(), nullable=True),
        sa.Column("approved_hash", sqltypes.AutoString(), nullable=True),
        sa.Column("start_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("started_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("first_below", sqltypes.AutoString(), nullable=True),
        sa.Column("proposed", sqltypes.AutoString(), nullable=True),
        sa.Column("proposed_by", sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unplanned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaign_slug")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sqltypes.AutoString(), nullable=False),
        sa.Column("said_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("put_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sqltypes.AutoString(), nullable=False),
        sa.Column("dedupe", sqltypes.AutoString(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("sender", sqltypes.AutoString(), nullable=False),
        sa.Column("body", sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("error", sqltypes.AutoString(), nullable=True),
        sa.Column("done_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("identity", "dedupe", name=op.f("uq_inbox_identity_dedupe")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_inbox_open",
            ["state", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        )
        batch_op.create_index("ix_inbox_sender", ["sender", "state"], unique=False)
        batch_op.create_index(
            "ix_inbox_dead",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state = 'dead'"),
            postgresql_where=sa.text("state = 'dead'"),
        )

    op.create_table(
        "lane",
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("owner", sqltypes.AutoString(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("registered_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("lease_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("free_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("stopped", sqltypes.AutoString(), nullable=True),
        sa.Column("token_hint", sqltypes.AutoString(), nullable=True),
        sa.Column("remembers", sa.Boolean(), nullable=True),
        sa.Column("handle", sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lane")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_entry")),
    )
    op.create_table(
        "ledger_key",
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("since", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ledger_key")),
    )
    op.create_table(
        "ledger_subtree",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_ledger_subtree")),
    )
    op.create_table(
        "recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sqltypes.AutoString(), nullable=False),
        sa.Column("pseudonym", sqltypes.AutoString(), nullable=True),
        sa.Column("plan", sqltypes.AutoString(), nullable=False),
        sa.Column("locale", sqltypes.AutoString(), nullable=True),
        sa.Column("chosen_locale", sqltypes.AutoString(), nullable=True),
        sa.Column("zone", sqltypes.AutoString(), nullable=True),
        sa.Column("zone_chosen", sa.Boolean(), nullable=False),
        sa.Column("offered_locales", sqltypes.AutoString(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("email_hash", sqltypes.AutoString(), nullable=True),
        sa.Column("muted_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("imported_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_recipient_pseudonym")),
        sa.UniqueConstraint("ref", name=op.f("uq_recipient_ref")),
    )
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recipient_email_hash"), ["email_hash"], unique=False)

    op.create_table(
        "rendering",
        sa.Column("hash", sqltypes.AutoString(), nullable=False),
        sa.Column("message", sqltypes.AutoString(), nullable=False),
        sa.Column("first_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_rendering")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("added_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("added_by", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("key", name=op.f("uq_staff_key")),
    )
    op.create_table(
        "staff_pass",
        sa.Column("hash", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("expires_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_staff_pass")),
    )
    with op.batch_alter_table("staff_pass", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_pass_key"), ["key"], unique=False)

    op.create_table(
        "suppression",
        sa.Column("mark", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_suppression")),
    )
    op.create_table(
        "template",
        sa.Column("hash", sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("made_by", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_template")),
    )
    op.create_table(
        "address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(), nullable=False),
        sa.Column("external", sqltypes.AutoString(), nullable=False),
        sa.Column("workspace", sqltypes.AutoString(), nullable=True),
        sa.Column("conversation", sqltypes.AutoString(), nullable=True),
        sa.Column("reach", sqltypes.AutoString(), nullable=False),
        sa.Column("reachable_since", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("closed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("handle", sqltypes.AutoString(), nullable=True),
        sa.Column("language", sqltypes.AutoString(), nullable=True),
        sa.Column("helped_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("home_at", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name=op.f("fk_address_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("key", name=op.f("uq_address_key")),
    )
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.create_index(
            "ix_address_blocked",
            ["recipient_id"],
            unique=False,
            sqlite_where=sa.text("reach = 'blocked'"),
            postgresql_where=sa.text("reach = 'blocked'"),
        )
        batch_op.create_index(batch_op.f("ix_address_handle"), ["handle"], unique=False)
        batch_op.create_index("ix_address_reach", ["recipient_id", "reach"], unique=False)

    op.create_table(
        "campaign_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sqltypes.AutoString(), nullable=False),
        sa.Column("document", sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("made_by", sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_revision_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_revision")),
        sa.UniqueConstraint(
            "campaign_id", "revision", name=op.f("uq_campaign_revision_campaign_id_revision")
        ),
    )
    op.create_table(
        "cohort",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("zone", sqltypes.AutoString(), nullable=False),
        sa.Column("day_asked", sa.Date(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_cohort_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort")),
        sa.UniqueConstraint(
            "campaign_id",
            "zone",
            "day_asked",
            "channel",
            name=op.f("uq_cohort_campaign_id_zone_day_asked_channel"),
        ),
    )
    op.create_table(
        "link_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("opened_by", sqltypes.AutoString(), nullable=True),
        sa.Column("opened_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("used_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("until", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_link_token_campaign_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name=op.f("fk_link_token_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_token")),
        sa.UniqueConstraint("token", name=op.f("uq_link_token_token")),
    )
    with op.batch_alter_table("link_token", schema=None) as batch_op:
        batch_op.create_index(
            "ix_link_token_invited",
            ["campaign_id", "recipient_id"],
            unique=True,
            sqlite_where=sa.text("until IS NULL"),
            postgresql_where=sa.text("until IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_link_token_recipient_id"), ["recipient_id"], unique=False)

    op.create_table(
        "errand",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("inbox_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("locale", sqltypes.AutoString(), nullable=False),
        sa.Column("zone", sqltypes.AutoString(), nullable=False),
        sa.Column("to", sqltypes.AutoString(), nullable=False),
        sa.Column("lane", sqltypes.AutoString(), nullable=False),
        sa.Column("response_url", sqltypes.AutoString(), nullable=True),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_errand_campaign_id")),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_errand_inbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand")),
    )
    op.create_table(
        "slot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("step", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("zone", sqltypes.AutoString(), nullable=False),
        sa.Column("day_asked", sa.Date(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("not_after", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("why", sqltypes.AutoString(), nullable=False),
        sa.Column("planned_at", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_slot_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint(
            "campaign_id",
            "step",
            "zone",
            "day_asked",
            "channel",
            name=op.f("uq_slot_campaign_id_step_zone_day_asked_channel"),
        ),
    )
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.create_index("ix_slot_due", ["campaign_id", "planned_at", "due_at"], unique=False)

    op.create_table(
        "statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("type", sqltypes.AutoString(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["ledger_entry.seq"], name=op.f("fk_statement_seq")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sa.UniqueConstraint("seq", name=op.f("uq_statement_seq")),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index(
            "ix_statement_waiting",
            ["id"],
            unique=False,
            sqlite_where=sa.text("seq IS NULL"),
            postgresql_where=sa.text("seq IS NULL"),
        )

    op.create_table(
        "template_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template", sqltypes.AutoString(), nullable=False),
        sa.Column("locale", sqltypes.AutoString(), nullable=False),
        sa.Column("place", sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqltypes.AutoString(), nullable=False),
        sa.Column("facts", sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["template"], ["template.hash"], name=op.f("fk_template_text_template")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_text")),
        sa.UniqueConstraint(
            "template", "locale", "place", name=op.f("uq_template_text_template_locale_place")
        ),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("recipient_id", sa.Integer(), nullable=True),
        sa.Column("address_id", sa.Integer(), nullable=True),
        sa.Column("slot_id", sa.Integer(), nullable=True),
        sa.Column("inbox_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("step", sqltypes.AutoString(), nullable=True),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(), nullable=False),
        sa.Column("lane", sqltypes.AutoString(), nullable=False),
        sa.Column("to", sqltypes.AutoString(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("on_doubt", sqltypes.AutoString(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("not_after", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("claimed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("settled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.Column("deadline_shown", sa.Date(), nullable=True),
        sa.Column("platform_message", sqltypes.AutoString(), nullable=True),
        sa.Column("reason", sqltypes.AutoString(), nullable=True),
        sa.Column("rendering", sqltypes.AutoString(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("body", sqltypes.AutoString(), nullable=True),
        sa.Column("edits", sqltypes.AutoString(), nullable=True),
        sa.Column("response_url", sqltypes.AutoString(), nullable=True),
        sa.Column("document", sqltypes.AutoString(), nullable=True),
        sa.Column("surface", sqltypes.AutoString(), nullable=False),
        sa.Column("wiped", sa.Boolean(), nullable=False),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["about_id"], ["recipient.id"], name=op.f("fk_delivery_about_id")),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_delivery_address_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_delivery_campaign_id")),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_delivery_inbox_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name=op.f("fk_delivery_recipient_id")),
        sa.ForeignKeyConstraint(["rendering"], ["rendering.hash"], name=op.f("fk_delivery_rendering")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_delivery_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "campaign_id", "recipient_id", "step", name=op.f("uq_delivery_campaign_id_recipient_id_step")
        ),
        sa.UniqueConstraint("inbox_id", "number", name=op.f("uq_delivery_inbox_id_number")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_delivery_about",
            ["about_id"],
            unique=False,
            sqlite_where=sa.text("about_id IS NOT NULL"),
            postgresql_where=sa.text("about_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_delivery_asked", ["campaign_id", "step", "asked_on", "channel"], unique=False
        )
        batch_op.create_index(
            "ix_delivery_open",
            ["lane", "state", "priority", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('due', 'sending')"),
            postgresql_where=sa.text("state IN ('due', 'sending')"),
        )
        batch_op.create_index(
            "ix_delivery_doubtful",
            ["lane"],
            unique=False,
            sqlite_where=sa.text("doubts > 0"),
            postgresql_where=sa.text("doubts > 0"),
        )
        batch_op.create_index("ix_delivery_recipient", ["recipient_id", "campaign_id"], unique=False)
        batch_op.create_index(
            "ix_delivery_rejected",
            ["campaign_id"],
            unique=False,
            sqlite_where=sa.text("state = 'rejected'"),
            postgresql_where=sa.text("state = 'rejected'"),
        )
        batch_op.create_index("ix_delivery_slot", ["slot_id"], unique=False)

    op.create_table(
        "card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_card_campaign_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_card_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("campaign_id", "key", name=op.f("uq_card_campaign_id_key")),
    )
    op.create_table(
        "choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("receipt", sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqltypes.AutoString(), nullable=False),
        sa.Column("supersedes", sa.Boolean(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_choice_campaign_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_choice_delivery_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name=op.f("fk_choice_recipient_id")),
        sa.ForeignKeyConstraint(["seq"], ["ledger_entry.seq"], name=op.f("fk_choice_seq")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choice")),
        sa.UniqueConstraint("receipt", name=op.f("uq_choice_receipt")),
        sa.UniqueConstraint("seq", name=op.f("uq_choice_seq")),
    )
    with op.batch_alter_table("choice", schema=None) as batch_op:
        batch_op.create_index("ix_choice_person", ["recipient_id", "campaign_id"], unique=False)

    op.create_table(
        "repetition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_repetition_campaign_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name=op.f("fk_repetition_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repetition")),
    )
    with op.batch_alter_table("repetition", schema=None) as batch_op:
        batch_op.create_index("ix_repetition_person", ["recipient_id", "campaign_id"], unique=False)

    op.create_table(
        "effect",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("told_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("applied_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("reason", sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name=op.f("fk_effect_recipient_id")),
        sa.ForeignKeyConstraint(["seq"], ["choice.seq"], name=op.f("fk_effect_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_effect")),
    )
    with op.batch_alter_table("effect", schema=None) as batch_op:
        batch_op.create_index(
            "ix_effect_open",
            ["recipient_id", "seq"],
            unique=False,
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )
        batch_op.create_index(batch_op.f("ix_effect_recipient_id"), ["recipient_id"], unique=False)

    op.create_table(
        "guard_trip",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("guard", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("renewed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_guard_trip_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guard_trip")),
    )
    with op.batch_alter_table("guard_trip", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guard_trip_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqltypes.AutoString(), nullable=False),
        sa.Column("detail", sqltypes.AutoString(), nullable=False),
        sa.Column("raised_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("told_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("resolved_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("mended_told_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index(
            "ix_alert_open",
            ["kind", "subject"],
            unique=True,
            sqlite_where=sa.text("resolved_at IS NULL"),
            postgresql_where=sa.text("resolved_at IS NULL"),
        )

    op.create_table(
        "bulletin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("place", sqltypes.AutoString(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("step", sqltypes.AutoString(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("done_at", sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_bulletin_campaign_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_bulletin_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin")),
        sa.UniqueConstraint("key", "place", name=op.f("uq_bulletin_key_place")),
    )
    with op.batch_alter_table("bulletin", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulletin_delivery_id"), ["delivery_id"], unique=False)


def downgrade() -> None:
    op.drop_table("bulletin")
    op.drop_table("alert")
    op.drop_table("guard_trip")
    with op.batch_alter_table("effect", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_effect_recipient_id"))
        batch_op.drop_index(
            "ix_effect_open", sqlite_where=sa.text("state = 'due'"), postgresql_where=sa.text("state = 'due'")
        )

    op.drop_table("effect")
    with op.batch_alter_table("repetition", schema=None) as batch_op:
        batch_op.drop_index("ix_repetition_person")

    op.drop_table("repetition")
    with op.batch_alter_table("choice", schema=None) as batch_op:
        batch_op.drop_index("ix_choice_person")

    op.drop_table("choice")
    op.drop_table("card")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_slot")
        batch_op.drop_index("ix_delivery_recipient")
        batch_op.drop_index(
            "ix_delivery_open",
            sqlite_where=sa.text("state IN ('due', 'sending')"),
            postgresql_where=sa.text("state IN ('due', 'sending')"),
        )
        batch_op.drop_index("ix_delivery_asked")
        batch_op.drop_index(
            "ix_delivery_about",
            sqlite_where=sa.text("about_id IS NOT NULL"),
            postgresql_where=sa.text("about_id IS NOT NULL"),
        )

    op.drop_table("delivery")
    op.drop_table("template_text")
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_statement_waiting",
            sqlite_where=sa.text("seq IS NULL"),
            postgresql_where=sa.text("seq IS NULL"),
        )

    op.drop_table("statement")
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.drop_index("ix_slot_due")

    op.drop_table("slot")
    with op.batch_alter_table("link_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_token_recipient_id"))
        batch_op.drop_index(
            "ix_link_token_invited",
            sqlite_where=sa.text("until IS NULL"),
            postgresql_where=sa.text("until IS NULL"),
        )

    op.drop_table("link_token")
    op.drop_table("errand")
    op.drop_table("cohort")
    op.drop_table("campaign_revision")
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.drop_index("ix_address_reach")
        batch_op.drop_index(batch_op.f("ix_address_handle"))

    op.drop_table("address")
    op.drop_table("template")
    op.drop_table("suppression")
    with op.batch_alter_table("staff_pass", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_pass_key"))

    op.drop_table("staff_pass")
    op.drop_table("staff")
    op.drop_table("rendering")
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recipient_email_hash"))

    op.drop_table("recipient")
    op.drop_table("ledger_subtree")
    op.drop_table("ledger_key")
    op.drop_table("ledger_entry")
    op.drop_table("lane")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_inbox_dead",
            sqlite_where=sa.text("state = 'dead'"),
            postgresql_where=sa.text("state = 'dead'"),
        )
        batch_op.drop_index("ix_inbox_sender")
        batch_op.drop_index(
            "ix_inbox_open", sqlite_where=sa.text("state = 'new'"), postgresql_where=sa.text("state = 'new'")
        )

    op.drop_table("inbox")
    op.drop_table("checkpoint")
    op.drop_table("campaign")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject"))
        batch_op.drop_index("ix_audit_actor")

    op.drop_table("audit")
