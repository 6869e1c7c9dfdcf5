"""The port to the hospital's own system (HIS): every step of an appointment is reported to it once.

Reports go out after the commit, in order for each appointment, until they are taken; a report whose
answer was lost comes again with the same id, which makes the second one nothing. The system may refuse
one kind of step, a booking: then the visit is cancelled by the hospital, with an apology and other
places (`stopping`). What it refuses otherwise stands, and is left for staff in the log and a counter.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import bindparam, exists, func, or_, select, update

from bot.appointments.rows import appointment, clinic, patient, yuan
from bot.appointments.states import State
from bot.errors import Refused, SendError
from bot.store.audit import record
from bot.store.booking_tables import AppointmentChange
from bot.store.db import Engine, Tx
from bot.store.statements import Hot
from scheduler.backoff import retry_at

log = structlog.get_logger()

_REPORTED = Counter("daoyi_his_reports_total", "Steps reported to the HIS by outcome", ["outcome"])
_WAITING = Gauge(
    "daoyi_his_reports_waiting", "Steps of appointments that the HIS does not know yet"
)

#: Waits after a report was not taken, in seconds; after the last of them, the last again: none is lost.
RETRY_STEPS = (5.0, 15.0, 60.0, 300.0, 900.0)
#: For how long whoever reports a step has it for herself.
LEASE = timedelta(seconds=60)
_BATCH, _MOST_BATCHES = 50, 20
_ACTOR = "his"

_change = AppointmentChange.__table__  # type: ignore[attr-defined]
_earlier = _change.alias("earlier")
_chosen = _change.alias("chosen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a patient is, for a system that cannot look her up by our reference."""

    name: str = field(repr=False)
    document_kind: str
    document: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of one appointment, as it is reported.

    Attributes:
        change_id: the same for every try; a system that knows it does nothing.
        number: of the appointment.
        patient: our reference number of the patient; None for a hold that is nobody's yet.
        actor: "patient", "system", "operator" … never a name.
        identity: where the system wants it and there is a patient.
    """

    change_id: int
    number: str
    old: str
    new: str
    at: datetime
    actor: str
    reason: str | None
    patient: int | None
    doctor: str
    department: str
    day: date
    part: str
    starts_at: datetime
    ends_at: datetime
    fee: str
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """What the system said when it took a report; `reference` is its own name of it."""

    reference: str | None = None


class HospitalSystem(Protocol):
    """The hospital's own system.

    Attributes:
        wants_identity: reports carry name and document, which is audited.
    """

    wants_identity: bool

    async def report(self, change: Change) -> Reported:
        """Take one step.

        Raises:
            Refused: never; of a booking it means that the visit cannot be. Any other `SendError`: not
                known to be taken; it comes again with the same id.
        """
        ...


class LocalHis:
    """No system but ours: takes everything."""

    wants_identity = False

    async def report(self, change: Change) -> Reported:
        """Take it."""
        return Reported(str(change.change_id))


_DUE = Hot(
    update(_change)
    .where(
        _change.c.id.in_(
            select(_chosen.c.id)
            .where(
                _chosen.c.reported_at.is_(None),
                or_(_chosen.c.next_try_at.is_(None), _chosen.c.next_try_at <= bindparam("now")),
                ~exists().where(
                    _earlier.c.appointment_id == _chosen.c.appointment_id,
                    _earlier.c.id < _chosen.c.id,
                    _earlier.c.reported_at.is_(None),
                ),
            )
            .order_by(_chosen.c.id)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(attempts=_change.c.attempts + 1, next_try_at=bindparam("until"))
    .returning(_change.c.id, _change.c.attempts)
)
_STEPS = (
    select(
        _change.c.id,
        _change.c.appointment_id,
        _change.c.at,
        _change.c.old,
        _change.c.new,
        _change.c.actor,
        _change.c.reason,
        appointment.c.number,
        appointment.c.patient_id,
        appointment.c.conversation_id,
        appointment.c.starts_at,
        appointment.c.ends_at,
        appointment.c.fee_fen,
        clinic.c.doctor,
        clinic.c.department,
        clinic.c.date,
        clinic.c.part,
    )
    .join_from(_change, appointment, _change.c.appointment_id == appointment.c.id)
    .join(clinic, appointment.c.clinic_id == clinic.c.id)
)
_LOAD = Hot(_STEPS.where(_change.c.id == bindparam("change_id")))
_AFTER = Hot(
    _STEPS.where(_change.c.id > bindparam("after")).order_by(_change.c.id).limit(bindparam("limit"))
)
_WHO = Hot(
    select(patient.c.name, patient.c.document_kind, patient.c.document, patient.c.phone).where(
        patient.c.id == bindparam("patient_id")
    )
)
_TAKEN = Hot(
    update(_change)
    .where(_change.c.id == bindparam("change_id"), _change.c.reported_at.is_(None))
    .values(reported_at=bindparam("at_"), next_try_at=None)
)
_AGAIN = Hot(
    update(_change)
    .where(_change.c.id == bindparam("change_id"), _change.c.reported_at.is_(None))
    .values(next_try_at=bindparam("at_"))
)
_LEFT = Hot(select(func.count(_change.c.id).label("count")).where(_change.c.reported_at.is_(None)))


class Reporter:
    """Reports steps until they are taken; a job calls `report`.

    Args:
        refused: cancels a visit whose booking the system refused, and tells the patient.
    """

    def __init__(
        self,
        engine: Engine,
        system: HospitalSystem,
        clock: Callable[[], datetime],
        refused: Callable[[Tx, int, datetime], object],
    ) -> None:
        self._engine, self._system, self._clock = engine, system, clock
        self._refused = refused

    async def report(self) -> int:
        """Report what is due, one step of an appointment at a time; return how many were taken."""
        taken = 0
        for _ in range(_MOST_BATCHES):
            due = await self._engine.write(partial(_claim, now=self._clock()))
            done = await asyncio.gather(*(self._report(*one) for one in due))
            taken += sum(done)
            if len(due) < _BATCH:
                break
        _WAITING.set(await self._engine.read(lambda tx: tx.one(_LEFT).count))
        return taken

    async def _report(self, change_id: int, attempts: int) -> bool:
        """Report one step; say whether it is done with. One bad report holds up no other."""
        try:
            await self._system.report(await self._load(change_id))
        except Refused as exc:
            code = exc.code
            await self._engine.write(lambda tx: self._refuse(tx, change_id, code))
        except Exception as exc:  # noqa: BLE001  (whatever it was, the step is reported again)
            await self._later(change_id, attempts, exc)
            return False
        else:
            _REPORTED.labels(outcome="taken").inc()
            await self._engine.write(
                lambda tx: tx.run(_TAKEN, change_id=change_id, at_=self._clock())
            )
        return True

    async def _load(self, change_id: int) -> Change:
        """Return what is reported of a step; that a name goes out is recorded (I9)."""
        if not self._system.wants_identity:
            return _change_of(
                await self._engine.read(lambda tx: tx.one(_LOAD, change_id=change_id))
            )
        now = self._clock()

        def load(tx: Tx) -> Change:
            row = tx.one(_LOAD, change_id=change_id)
            if row.patient_id is None:
                return _change_of(row)
            record(tx, now, _ACTOR, "patient.reported", row.conversation_id, row.number)
            who = tx.one(_WHO, patient_id=row.patient_id)
            return _change_of(row, Identity(**who._asdict()))

        return await self._engine.write(load)

    async def _later(self, change_id: int, attempts: int, exc: Exception) -> None:
        _REPORTED.labels(outcome="later").inc()
        code = exc.code if isinstance(exc, SendError) else type(exc).__name__
        log.warning("his.not_taken", change=change_id, attempts=attempts, code=code)
        steps = (*RETRY_STEPS, *RETRY_STEPS[-1:] * max(0, attempts - len(RETRY_STEPS)))
        again = retry_at(self._clock(), attempts, steps)
        after = getattr(exc, "after", None)
        if after is not None and again is not None:
            again = max(again, self._clock() + timedelta(seconds=after))
        await self._engine.write(lambda tx: tx.run(_AGAIN, change_id=change_id, at_=again))

    def _refuse(self, tx: Tx, change_id: int, code: str) -> None:
        """Take note of a refusal; a booking that is refused is cancelled by the hospital."""
        now = self._clock()
        if not tx.run(_TAKEN, change_id=change_id, at_=now):
            return
        row = tx.one(_LOAD, change_id=change_id)
        _REPORTED.labels(outcome="refused").inc()
        log.warning("his.refused", change=row.id, step=row.new, code=code)
        detail = f"{row.number} {row.new} {code}"
        record(tx, now, _ACTOR, "appointment.refused", row.conversation_id, detail)
        if row.new == State.BOOKED:
            self._refused(tx, row.appointment_id, now)


def changes_after(tx: Tx, after: int, limit: int) -> list[Change]:
    """Return the steps after one, in order, without names; for a system that asks by itself.

    Steps are numbered behind the gate of `seats`: none appears later below one that was seen.
    """
    return [_change_of(row) for row in tx.rows(_AFTER, after=after, limit=limit)]


def _claim(tx: Tx, now: datetime) -> Sequence[tuple[int, int]]:
    """Take what is due for ourselves; whoever dies with it has it no longer than a lease."""
    rows = tx.rows(_DUE, now=now, until=now + LEASE, limit=_BATCH)
    return sorted((row.id, row.attempts) for row in rows)


def _change_of(row: Any, identity: Identity | None = None) -> Change:
    return Change(
        change_id=row.id, number=row.number, old=row.old, new=row.new, at=row.at,
        actor=row.actor.partition(":")[0], reason=row.reason, patient=row.patient_id,
        doctor=row.doctor, department=row.department, day=row.date, part=row.part,
        starts_at=row.starts_at, ends_at=row.ends_at, fee=str(yuan(row.fee_fen)), identity=identity,
    )  # fmt: skip
