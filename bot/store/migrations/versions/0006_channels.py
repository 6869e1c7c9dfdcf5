"""Channels: what waits for the patient, receipts, permissions, pace, one-time codes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_STATES = "'ready', 'leased', 'sending', 'waiting', 'sent', 'failed', 'unknown', 'dropped'"


def upgrade() -> None:
    """Widen conversations and the outbox; add four tables."""
    op.add_column("person", sa.Column("channel_order", sa.String(80), nullable=True))
    for name in ("verified_at", "unreachable_at", "window_until"):
        op.add_column("conversation", sa.Column(name, _TIME, nullable=True))
    op.add_column(
        "conversation", sa.Column("window_left", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_index("conversations_of_a_person", "conversation", ["person_id"])
    with op.batch_alter_table("outbox", schema=None) as batch:
        batch.drop_constraint("state_known", type_="check")
        batch.create_check_constraint("state_known", f"state IN ({_STATES})")
        batch.add_column(sa.Column("expires_at", _TIME, nullable=True))
        batch.add_column(sa.Column("progress", sa.String(12), nullable=True))
        batch.add_column(sa.Column("origin_id", _ID, nullable=True))
        batch.add_column(sa.Column("seen_at", _TIME, nullable=True))
        batch.add_column(sa.Column("resent_at", _TIME, nullable=True))
        batch.create_foreign_key("outbox_origin", "outbox", ["origin_id"], ["id"])
    op.add_column("inbox", sa.Column("seen_at", _TIME, nullable=True))
    for name in ("outbox_due", "outbox_undelivered", "outbox_in_flight"):
        op.drop_index(name, "outbox")
    op.drop_index("inbox_dead", "inbox")
    for name, table, column, condition in (
        ("outbox_due", "outbox", "due_at", "state = 'ready' AND kind <> 'reminder'"),
        ("outbox_reminders_due", "outbox", "due_at", "state = 'ready' AND kind = 'reminder'"),
        ("outbox_unsettled", "outbox", "due_at", "state = 'unknown' AND kind = 'reminder'"),
        ("outbox_undelivered", "outbox", "id", "state = 'failed' AND seen_at IS NULL"),
        ("outbox_in_doubt", "outbox", "id", "state = 'unknown' AND seen_at IS NULL"),
        ("outbox_not_sent", "outbox", "conversation_id seq", "sent_at IS NULL"),
        ("outbox_in_flight", "outbox", "lease_until", "lease_until IS NOT NULL"),
        ("outbox_waiting", "outbox", "conversation_id", "state = 'waiting'"),
        ("outbox_of_a_provider", "outbox", "provider_id", "provider_id IS NOT NULL"),
        ("outbox_stand_ins", "outbox", "origin_id", "origin_id IS NOT NULL"),
        ("inbox_dead", "inbox", "id", "state = 'dead' AND seen_at IS NULL"),
        ("inbox_in_order", "inbox", "conversation_id seq", "state = 'new'"),
    ):
        where = sa.text(condition)
        op.create_index(name, table, column.split(), sqlite_where=where, postgresql_where=where)
    _receipts()
    _permissions_and_pace()
    _codes()


def _receipts() -> None:
    op.create_table(
        "delivery_receipt",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(140), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("progress", sa.String(12), nullable=False),
        sa.Column("code", sa.String(80), nullable=True),
        sa.Column("outbox_id", _ID, nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "channel", "account", "reference", "part", "progress", name="one_receipt_a_step"
        ),
    )
    for name, column, condition in (
        ("receipts_of_a_message", "outbox_id", "outbox_id IS NOT NULL"),
        ("receipts_unmatched", "at", "outbox_id IS NULL"),
    ):
        where = sa.text(condition)
        op.create_index(
            name, "delivery_receipt", [column], sqlite_where=where, postgresql_where=where
        )


def _permissions_and_pace() -> None:
    op.create_table(
        "notice_permission",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("template", sa.String(80), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("last_key", sa.String(40), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint("remaining >= 0", name="never_below_zero"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id", "template", name="one_count_a_template"),
    )
    op.create_table(
        "pace",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("free_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )


def _codes() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.String(40), nullable=False),
        sa.Column("code_index", sa.String(40), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.CheckConstraint("tries >= 0", name="tries_counted"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("codes_of_a_conversation", "one_time_code", ["conversation_id", "id"])
    op.create_index("codes_of_a_phone", "one_time_code", ["phone_index", "id"])
