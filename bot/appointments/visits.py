"""Which visits there are: one, a patient's, those whose hold ended; and what counts against limits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, bindparam, func, select

from bot.appointments.model import Visit
from bot.appointments.rows import VISIT, appointment, clinic, patient, visit_of
from bot.appointments.rules import Other
from bot.appointments.states import LIVE, SEATED, State
from bot.store import many
from bot.store.columns import UtcDateTime
from bot.store.db import Tx
from bot.store.statements import Hot

_LIMITS = timedelta(days=92)


def _visits(*where: object) -> Select[tuple[object, ...]]:
    joined = (
        select(*VISIT)
        .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
        .join(patient, appointment.c.patient_id == patient.c.id, isouter=True)
    )
    return joined.where(*where)  # type: ignore[arg-type]


_ONE = Hot(_visits(appointment.c.id == bindparam("appointment_id")))
_SEVERAL = Hot(_visits(many.among(appointment.c.id)))
_OF_REQUEST = Hot(_visits(appointment.c.request_key == bindparam("request_key")))
_HOLD_OF = Hot(
    _visits(
        appointment.c.conversation_id == bindparam("conversation_id"),
        appointment.c.state == State.HELD.value,
        ~appointment.c.offered,
    )
)
_LAPSED_OF = Hot(
    select(func.count().label("n")).where(
        appointment.c.conversation_id == bindparam("conversation_id"),
        appointment.c.state == State.EXPIRED.value,
        appointment.c.patient_id.is_(None),
        ~appointment.c.offered,
        appointment.c.created_at > bindparam("since", type_=UtcDateTime),
    )
)
_OF_PATIENT = Hot(
    _visits(appointment.c.patient_id == bindparam("patient_id")).order_by(
        appointment.c.starts_at, appointment.c.id
    )
)
_LAPSED = Hot(
    select(appointment.c.id)
    .where(
        appointment.c.state == State.HELD.value,
        appointment.c.held_until <= bindparam("now", type_=UtcDateTime),
    )
    .order_by(appointment.c.held_until, appointment.c.id)
    .limit(bindparam("most"))
)
_COUNTED = Hot(
    select(
        appointment.c.id,
        appointment.c.state,
        appointment.c.held_until,
        appointment.c.offered,
        clinic.c.date,
        clinic.c.department,
        clinic.c.ends_at,
    )
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .where(
        appointment.c.patient_id == bindparam("patient_id"),
        appointment.c.starts_at >= bindparam("since", type_=UtcDateTime),
        appointment.c.starts_at <= bindparam("until", type_=UtcDateTime),
        appointment.c.seat.is_not(None),
    )
)
_NO_SHOWS = Hot(
    select(appointment.c.starts_at).where(
        appointment.c.patient_id == bindparam("patient_id"),
        appointment.c.state == State.NO_SHOW.value,
        appointment.c.excused_at.is_(None),
        appointment.c.starts_at >= bindparam("since", type_=UtcDateTime),
    )
)
_NO_SHOWS_OF = Hot(
    select(appointment.c.patient_id, appointment.c.starts_at).where(
        many.among(appointment.c.patient_id),
        appointment.c.state == State.NO_SHOW.value,
        appointment.c.excused_at.is_(None),
        appointment.c.starts_at >= bindparam("since", type_=UtcDateTime),
    )
)
_WHOSE = Hot(
    select(appointment.c.conversation_id, appointment.c.patient_id).where(
        appointment.c.id == bindparam("appointment_id")
    )
)


@dataclass(frozen=True, slots=True)
class Counted:
    """What stands beside a visit that is wanted.

    Attributes:
        lapsed: holds of hers that ended and that nobody has let go yet.
    """

    others: tuple[Other, ...]
    lapsed: tuple[int, ...]


def visit(tx: Tx, appointment_id: int) -> Visit | None:
    """Return one visit, whoever's it is."""
    row = tx.one(_ONE, appointment_id=appointment_id)
    return visit_of(row) if row else None


def several(tx: Tx, appointment_ids: Collection[int]) -> list[Visit]:
    """Return visits, whoever's they are."""
    return [visit_of(row) for row in many.rows(tx, _SEVERAL, appointment_ids)]


def certain(tx: Tx, appointment_id: int) -> Visit:
    """Return one visit that is known to be there."""
    return visit_of(tx.one(_ONE, appointment_id=appointment_id))


def of_request(tx: Tx, request_key: str) -> Visit | None:
    """Return what the same request made before."""
    row = tx.one(_OF_REQUEST, request_key=request_key)
    return visit_of(row) if row else None


def hold_of(tx: Tx, conversation_id: int) -> Visit | None:
    """Return the place that is kept for a conversation because it asked; there is one at most."""
    row = tx.one(_HOLD_OF, conversation_id=conversation_id)
    return visit_of(row) if row else None


def lapsed_for_nobody(tx: Tx, conversation_id: int, since: datetime) -> int:
    """Return how many places that a conversation asked for since then ran out without a name."""
    return int(tx.one(_LAPSED_OF, conversation_id=conversation_id, since=since).n)


def of_patients(
    tx: Tx, patient_ids: Collection[int], now: datetime, *, past: bool = False
) -> list[Visit]:
    """Return visits still to come or under way, soonest first; `past`: all others, latest first."""
    rows = [row for one in set(patient_ids) for row in tx.rows(_OF_PATIENT, patient_id=one)]
    found = [one for one in map(visit_of, rows) if _to_come(one, now) is not past]
    return sorted(found, key=lambda one: (one.starts_at, one.appointment_id), reverse=past)


def _to_come(one: Visit, now: datetime) -> bool:
    if one.state is State.HELD:
        return one.held_until is not None and one.held_until > now
    return one.state in LIVE and (one.state is State.CHECKED_IN or one.clinic.ends_at > now)


def belongs(
    tx: Tx, appointment_id: int, conversation_id: int, patient_ids: Collection[int]
) -> bool:
    """Whether a conversation that may book for these patients may see and change a visit (I7).

    A place that is held for nobody yet is its conversation's own.
    """
    row = tx.one(_WHOSE, appointment_id=appointment_id)
    if row is None:
        return False
    if row.patient_id is None:
        return bool(row.conversation_id == conversation_id)
    return row.patient_id in patient_ids


def lapsed(tx: Tx, now: datetime, most: int) -> list[int]:
    """Return the holds whose time is over, the longest over first."""
    return [row.id for row in tx.rows(_LAPSED, now=now, most=most)]


def counted(tx: Tx, patient_id: int, at: datetime, now: datetime, but: Collection[int]) -> Counted:
    """Return what counts beside a visit at `at`, without the appointments in `but`."""
    rows = tx.rows(_COUNTED, patient_id=patient_id, since=at - _LIMITS, until=at + _LIMITS)
    rows = [row for row in rows if row.id not in but]
    over = [row for row in rows if row.held_until and row.held_until <= now and not row.offered]
    others = [
        Other(row.date, row.department, State(row.state) not in _OVER and row.ends_at > now)
        for row in rows
        if row not in over
    ]
    return Counted(tuple(others), tuple(row.id for row in over))


_OVER = SEATED - LIVE - {State.HELD}


def no_shows(tx: Tx, patient_id: int, since: datetime) -> list[datetime]:
    """Return when a patient did not come, since `since`; what was excused is left out."""
    return [row.starts_at for row in tx.rows(_NO_SHOWS, patient_id=patient_id, since=since)]


def no_shows_of(tx: Tx, patient_ids: Collection[int], since: datetime) -> dict[int, list[datetime]]:
    """Return the same of several patients."""
    found: dict[int, list[datetime]] = {}
    for row in many.rows(tx, _NO_SHOWS_OF, patient_ids, since=since):
        found.setdefault(row.patient_id, []).append(row.starts_at)
    return found
