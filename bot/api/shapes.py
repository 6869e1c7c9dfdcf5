"""What operators' programs send and get, as OpenAPI shows it. A field that is not known is refused."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Part = Literal["morning", "afternoon", "evening"]
_CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
_NUMBER = r"^[A-Za-z0-9-]{1,12}$"
#: At most so many people wait in one line, and so many lines has a roster.
_MOST_WAITING, _MOST_ROWS = 2_000, 50_000
_LAST_NUMBER = 99_999


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Stop(_Shape):
    """Clinics that will not be held: one doctor's or everybody's, on a part of a day or all of it."""

    doctor: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        None, description="Code or name; left out: every doctor."
    )
    date: dt.date
    part: Part | None = None
    reason: str | None = Field(None, max_length=120, description="Told to patients as it is.")


class Stopped(_Shape):
    """What was stopped; everybody booked there is told."""

    clinics: list[int]


class Waiting(_Shape):
    """What the calling system says of one patient."""

    appointment: str | None = Field(None, pattern=_NUMBER, description="The appointment's number.")
    queue_no: int | None = Field(None, ge=1, le=_LAST_NUMBER, description="The number in the line.")
    state: Literal["waiting", "called", "passed", "seen"]
    room: str = Field("", max_length=60)


class Calls(_Shape):
    """What the calling system says of one clinic, named by `clinic`, or by doctor, date and part.

    What is older than what is known already changes nothing for the clinic.
    """

    clinic: int | None = Field(None, ge=1)
    doctor: str | None = Field(None, pattern=_CODE)
    date: dt.date | None = None
    part: Part | None = None
    at: AwareDatetime | None = Field(None, description="When it was so; left out: now.")
    serving: int | None = Field(None, ge=0, le=_LAST_NUMBER, description="The number called last.")
    room: str = Field("", max_length=60)
    patients: list[Waiting] = Field(default_factory=list, max_length=_MOST_WAITING)


class Called(_Shape):
    """What became of it.

    Attributes:
        late: something newer was known already.
        known: patients of ours among those named; `strangers` are others.
        told: how many patients were told something.
    """

    clinic: int
    late: bool
    known: int
    strangers: int
    told: int


class StateChange(_Shape):
    """What the desk, or the hospital's system, knows of a visit.

    `cancelled`: for the patient, who is told. `hospital_cancelled`: she is told why, and offered others.
    """

    state: Literal["checked_in", "done", "no_show", "cancelled", "hospital_cancelled"]
    reason: Literal["asked", "twice"] | None = Field(
        None, description="Of a cancellation: she asked for it (the rule), or was booked twice."
    )


class VisitState(_Shape):
    """One appointment; whose it is stands in our reference number alone."""

    appointment: str
    state: str
    patient: int | None
    clinic: int
    doctor: str
    department: str
    date: dt.date
    part: Part
    starts_at: dt.datetime
    ends_at: dt.datetime
    queue_no: int | None
    version: int


class Where(_Shape):
    """The clinic of a step."""

    doctor: str
    department: str
    date: dt.date
    part: Part


class Step(BaseModel):
    """One step of one appointment; `patient` is our reference number, names never stand here."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    id: int
    appointment: str
    old: str = Field(alias="from")
    new: str = Field(alias="to")
    at: dt.datetime
    by: str
    reason: str | None
    patient: int | None
    clinic: Where
    starts_at: dt.datetime
    ends_at: dt.datetime
    fee: str


class Steps(_Shape):
    """Steps in order; ask again with `after` = `last`."""

    changes: list[Step]
    last: int


class RosterRows(_Shape):
    """Lines of the roster as the CSV file has them, by its column names."""

    rows: list[dict[str, str | int | None]] = Field(max_length=_MOST_ROWS)


class RosterSaved(_Shape):
    """What is stored, or would be; `visits_lost` of patients are told that their clinic is off."""

    dry_run: bool
    rows: int
    revision: int
    visits_lost: int


class ClinicDay(BaseModel):
    """The clinics of one day."""

    date: dt.date
    clinics: list[dict[str, object]]


class SilentClinic(_Shape):
    """A clinic under way of which the calling system says nothing."""

    clinic: int
    doctor: str
    department: str
    part: Part
    waiting: int
    heard_at: dt.datetime | None


class SilentClinics(_Shape):
    """All of them."""

    clinics: list[SilentClinic]


class Wrong(BaseModel):
    """A request that was refused; `problems` names every row of a table that is wrong."""

    error: str
    problems: list[str] | None = None
