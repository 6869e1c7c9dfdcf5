"""Tables of red flags and of doubts: what alarmed, what was asked, and who saw to it."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.store.columns import id_column, link_column, one_of, partial_index, time_column


class RedFlag(SQLModel, table=True):
    """A message that raised an alarm; it stays open until a person acknowledges it (EM-06)."""

    __tablename__: ClassVar[str] = "red_flag"
    __table_args__ = (
        UniqueConstraint("inbox_id", name="one_alarm_a_message"),
        partial_index("alarms_open", "id", where="acknowledged_at IS NULL"),
    )
    id: int | None = id_column()
    conversation_id: int = link_column("conversation.id", index=True)
    inbox_id: int = link_column("inbox.id")
    kind: str = Field(max_length=20)
    rule: str = Field(max_length=60)
    rule_version: str = Field(max_length=20)
    locale: str = Field(max_length=8)
    reply: str = Field(max_length=40)
    at: datetime = time_column()
    acknowledged_at: datetime | None = time_column(required=False)
    staff_id: int | None = link_column("staff.id", required=False)


class Doubt(SQLModel, table=True):
    """A message that was nearly an alarm, and what became of the question that it was asked (EM-09)."""

    __table_args__ = (
        UniqueConstraint("inbox_id", name="one_doubt_a_message"),
        one_of("state", "asked", "yes", "no", "unclear", "silent"),
        partial_index("doubts_asked", "asked_at", where="state = 'asked'"),
    )
    id: int | None = id_column()
    conversation_id: int = link_column("conversation.id", index=True)
    inbox_id: int = link_column("inbox.id")
    kind: str = Field(max_length=20)
    rule: str = Field(max_length=60)
    rule_version: str = Field(max_length=20)
    state: str = Field(default="asked", max_length=8)
    asked_at: datetime = time_column()
    settled_at: datetime | None = time_column(required=False)
