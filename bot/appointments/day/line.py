"""The rows behind a clinic's line: read and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO UPDATE

from bot.appointments.day.queue_rules import Place, QueueState
from bot.appointments.rows import appointment, clinic
from bot.appointments.states import State
from bot.store.booking_tables import ClinicQueue
from bot.store.db import Tx
from bot.store.statements import Hot

_queue = ClinicQueue.__table__  # type: ignore[attr-defined]

#: Whose number counts in today's line.
_IN_LINE = ("booked", "checked_in", "done", "no_show")
_CLINIC = Hot(
    select(clinic.c.id.label("clinic_id"), clinic.c.starts_at, clinic.c.ends_at, clinic.c.room)
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .where(appointment.c.id == bindparam("appointment_id"))
)
_LINE = Hot(
    select(
        appointment.c.id,
        appointment.c.number,
        appointment.c.state,
        appointment.c.queue_no,
        appointment.c.queue_state,
        appointment.c.queue_at,
        appointment.c.told_ahead,
    )
    .where(
        appointment.c.clinic_id == bindparam("clinic_id"),
        or_(*(appointment.c.state == state for state in _IN_LINE)),
    )
    .order_by(appointment.c.id)
)
_KEEP = Hot(
    update(appointment)
    .where(appointment.c.id == bindparam("appointment_id"))
    .values(
        queue_no=bindparam("number_"),
        queue_state=bindparam("state_"),
        queue_at=bindparam("at"),
        told_ahead=bindparam("told"),
    )
)
_SPOKEN = Hot(
    select(_queue.c.serving, _queue.c.room, _queue.c.heard_at).where(
        _queue.c.clinic_id == bindparam("clinic_id")
    )
)
_new = insert(_queue).values(
    clinic_id=bindparam("clinic_id"),
    serving=bindparam("serving"),
    room=bindparam("room"),
    heard_at=bindparam("heard_at"),
)
_KEEP_SPOKEN = Hot(
    _new.on_conflict_do_update(
        index_elements=[_queue.c.clinic_id],
        set_={
            "serving": _new.excluded.serving,
            "room": _new.excluded.room,
            "heard_at": _new.excluded.heard_at,
        },
    )
)
_EVER = Hot(select(_queue.c.clinic_id).limit(1))
_UNDER_WAY = Hot(
    select(
        clinic.c.id,
        clinic.c.doctor_name,
        clinic.c.department_name,
        clinic.c.part,
        clinic.c.starts_at,
        func.count(appointment.c.id).label("waiting"),
        _queue.c.heard_at,
    )
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .outerjoin(_queue, _queue.c.clinic_id == clinic.c.id)
    .where(
        appointment.c.state == "checked_in",
        appointment.c.queue_state == "waiting",
        and_(clinic.c.starts_at <= bindparam("now"), clinic.c.ends_at > bindparam("now_")),
    )
    .group_by(
        clinic.c.id, clinic.c.doctor_name, clinic.c.department_name, clinic.c.part,
        clinic.c.starts_at, _queue.c.heard_at,
    )
    .order_by(clinic.c.id)
)  # fmt: skip
_TODAY = Hot(
    select(appointment.c.id)
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .where(
        appointment.c.patient_id == bindparam("patient_id"),
        clinic.c.date == bindparam("day"),
        or_(appointment.c.state == "booked", appointment.c.state == "checked_in"),
    )
    .order_by(appointment.c.starts_at)
)


@dataclass(frozen=True, slots=True)
class InLine(Place):
    """A place in the line, with what the tables know beside it.

    Attributes:
        heard_at: when the calling system last spoke of her.
    """

    visit_number: str = ""
    visit_state: State = State.BOOKED
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the calling system last said of a clinic; nothing where it never spoke."""

    serving: int = 0
    room: str = ""
    heard_at: datetime | None = None


def clinic_of(tx: Tx, appointment_id: int) -> Any:
    """Return (clinic_id, starts_at, ends_at, room) of an appointment."""
    return tx.one(_CLINIC, appointment_id=appointment_id)


def places(tx: Tx, clinic_id: int) -> list[InLine]:
    """Return everybody of ours who is booked in a clinic, in line or not yet."""
    return [
        InLine(
            row.id,
            row.queue_no,
            QueueState(row.queue_state) if row.queue_state else None,
            row.told_ahead,
            row.number,
            State(row.state),
            row.queue_at,
        )
        for row in tx.rows(_LINE, clinic_id=clinic_id)
    ]


def keep(tx: Tx, place: InLine, at: datetime | None) -> None:
    """Keep somebody's place; `at` is when the calling system last spoke of her."""
    tx.run(
        _KEEP, appointment_id=place.appointment_id, number_=place.number,
        state_=place.state.value if place.state else None, at=at, told=place.told,
    )  # fmt: skip


def spoken(tx: Tx, clinic_id: int) -> Spoken:
    """Return what the calling system last said of a clinic."""
    row = tx.one(_SPOKEN, clinic_id=clinic_id)
    return Spoken(*row) if row else Spoken()


def keep_spoken(tx: Tx, clinic_id: int, said: Spoken) -> None:
    """Keep what the calling system said of a clinic."""
    tx.run(
        _KEEP_SPOKEN, clinic_id=clinic_id, serving=said.serving, room=said.room,
        heard_at=said.heard_at,
    )  # fmt: skip


def ever_spoken(tx: Tx) -> bool:
    """Say whether there is a calling system that ever spoke."""
    return tx.one(_EVER) is not None


def under_way(tx: Tx, now: datetime) -> Sequence[Any]:
    """Return each clinic being held in which somebody waits, and when it was last spoken of."""
    return tx.rows(_UNDER_WAY, now=now, now_=now)


def today(tx: Tx, patient_id: int, day: date) -> list[int]:
    """Return a patient's visits of a day that are booked or under way, the earliest first."""
    return [row.id for row in tx.rows(_TODAY, patient_id=patient_id, day=day)]
