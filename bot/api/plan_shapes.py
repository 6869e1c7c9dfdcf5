"""What programs send and get about care plans, as OpenAPI shows it; what is not known is refused."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.patients.documents import Papers

_LONGEST = 60
_LAST_ID = 10**18 - 1
Id = Annotated[int, Field(ge=1, le=_LAST_ID)]
_Told = Annotated[str, Field(max_length=200, repr=False)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Somebody(_Shape):
    """A patient: by our reference number, or by a document; with a name she is made where she is new."""

    patient: Id | None = None
    document_kind: Papers | None = None
    document: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(None, repr=False)
    name: Annotated[str, Field(min_length=1, max_length=_LONGEST)] | None = Field(None, repr=False)


class NewPlan(_Shape):
    """Something to remind of. The same `key` again is the same plan, changed where it differs."""

    kind: Annotated[str, Field(max_length=16)]
    who: Somebody
    payer: Somebody | None = Field(None, description="Of a fee or a deposit: nobody else is told.")
    starts_on: dt.date
    ends_on: dt.date | None = None
    zone: Annotated[str, Field(max_length=40)] | None = Field(
        None, description="IANA; left out: where the hospital is."
    )
    details: dict[str, Any] = Field(repr=False, description="In the shape of its kind.")
    key: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="The hospital's own name for it."
    )


class NewDischarge(_Shape):
    """Somebody goes home: the day itself, her follow-up, when to come again; as a row of the file.

    The same `number` again is the same discharge, changed where it differs; in a file as well.
    """

    number: Annotated[str, Field(min_length=1, max_length=200)]
    who: Somebody
    date: dt.date
    level: Annotated[str, Field(max_length=8)] = Field(
        "", description="When she is asked: A, B, C."
    )
    ward: _Told = ""
    steps: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=20)
    ] = []
    medicines: _Told = ""
    signs: _Told = ""
    revisit: _Told = Field("", description="Such as 建议1-2周内复诊; empty: none.")
    department: _Told = Field("", description="Where to come again: a code or a name.")
    doctor: _Told = ""
    call: _Told = ""
    status: Literal["active", "cancelled"] = "active"


class PlanChange(_Shape):
    """What changes; what is left out stays. Without `paused_until` a pause lasts until it is ended."""

    details: dict[str, Any] | None = Field(None, repr=False)
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    state: Literal["active", "paused"] | None = None
    paused_until: AwareDatetime | None = None


class PlanState(_Shape):
    """One plan; whose it is stands in our reference number alone."""

    plan: int
    kind: str
    patient: int | None
    payer: int | None
    starts_on: dt.date
    ends_on: dt.date | None
    zone: str
    state: str
    paused_until: dt.datetime | None
    version: int
    source: str


class DischargeSaved(_Shape):
    """The plans that came of a discharge."""

    patient: int
    plans: list[PlanState]


class PlanRead(PlanState):
    """One plan and what it says."""

    details: dict[str, Any]


class PlanList(_Shape):
    """The plans of one patient, the oldest first."""

    plans: list[PlanRead]


class StatusChange(_Shape):
    """What the hospital knows of a patient. `undo` takes an error back, and what followed from it."""

    who: Somebody
    status: Literal["admitted", "discharged", "died", "bereaved"]
    at: AwareDatetime | None = Field(None, description="Since when; left out: now.")
    undo: bool = False


class StatusSaved(_Shape):
    """Whether it was news."""

    patient: int
    changed: bool


class Step(_Shape):
    """One decision that did not send a reminder."""

    at: dt.datetime
    decision: str
    reason: str
    until: dt.datetime | None


class SentMessage(_Shape):
    """What became of the message that said it."""

    message: int
    conversation: int
    channel: str
    state: str
    way: str | None
    progress: str | None
    error: str | None
    at: dt.datetime


class ReminderTold(_Shape):
    """One reminder, and every decision about it with its reason."""

    reminder: int
    about: str
    about_id: int
    kind: str
    occurs_at: dt.datetime
    due_at: dt.datetime
    wall: str
    zone: str
    state: str
    answer: str | None
    answered_at: dt.datetime | None
    rules: str | None
    decisions: list[Step]
    message: SentMessage | None
    instead: list[SentMessage]


class ReminderList(_Shape):
    """The reminders of one patient's visits and plans, those due last first."""

    reminders: list[ReminderTold]
