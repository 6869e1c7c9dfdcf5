"""Who was told that her visit is off, and was not reached or did not answer: staff ring her (BK-11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, exists, or_, select

from bot.appointments import calls
from bot.appointments.rows import appointment, clinic
from bot.appointments.stopped.stopping import KEY, Stopping
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Inbox, Outbox

_inbox = Inbox.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_first = _outbox.alias("first")
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_hers = _conversation.alias("hers")
_later = appointment.alias("later")
_MANY = 200

_WROTE = exists(
    select(_inbox.c.id)
    .join_from(_inbox, _hers, _inbox.c.conversation_id == _hers.c.id)
    .where(
        _inbox.c.received_at > appointment.c.updated_at,
        or_(
            _hers.c.id == _conversation.c.id,
            and_(
                _hers.c.person_id == _conversation.c.person_id,
                _hers.c.verified_at.is_not(None),
                _conversation.c.verified_at.is_not(None),
            ),
        ),
    )
)
#: Rebooked meanwhile, by whomever.
_HAS_ANOTHER = exists(
    select(_later.c.id).where(
        _later.c.patient_id == appointment.c.patient_id,
        _later.c.created_at > appointment.c.updated_at,
        or_(_later.c.state == "booked", _later.c.state == "checked_in"),
    )
)
_SILENT = Hot(
    select(appointment.c.id)
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .join(_conversation, appointment.c.conversation_id == _conversation.c.id)
    .where(
        clinic.c.date >= bindparam("today", type_=clinic.c.date.type),
        appointment.c.state == "hospital_cancelled",
        appointment.c.patient_id.is_not(None),
        appointment.c.starts_at > bindparam("now"),
        appointment.c.updated_at <= bindparam("since"),
        ~exists().where(calls.call.c.appointment_id == appointment.c.id),
        ~_WROTE,
        ~_HAS_ANOTHER,
    )
    .order_by(appointment.c.starts_at, appointment.c.id)
    .limit(_MANY)
)
#: What did not arrive, with the message it stood in for; only what nobody saw to yet.
_NOT_ARRIVED = Hot(
    select(_outbox.c.dedupe_key, _first.c.dedupe_key.label("first_key"))
    .outerjoin_from(_outbox, _first, _outbox.c.origin_id == _first.c.id)
    .where(
        or_(
            and_(_outbox.c.state == "failed", _outbox.c.seen_at.is_(None)),
            and_(_outbox.c.state == "waiting", _outbox.c.seen_at.is_(None)),
        ),
        or_(_outbox.c.dedupe_key.startswith(KEY), _first.c.dedupe_key.startswith(KEY)),
    )
    .order_by(_outbox.c.id.desc())
    .limit(_MANY)
)


@dataclass(frozen=True, slots=True)
class Silence:
    """Finds them, and puts each on the list of calls once."""

    stopping: Stopping

    def find(self, tx: Tx, now: datetime) -> list[tuple[int, str]]:
        """Return the visits whose patients should be rung, and why."""
        hours = timedelta(hours=self.stopping.bookings.options.silent_hours)
        today = self.stopping.listeners.today(now)
        silent = tx.rows(_SILENT, today=today, now=now, since=now - hours)
        keys = [row.first_key or row.dedupe_key for row in tx.rows(_NOT_ARRIVED)]
        lost = [int(key.removeprefix(KEY)) for key in keys if key.startswith(KEY)]
        new = [one for one in dict.fromkeys(lost) if not calls.is_known(tx, one)]
        return [*((one, "unreachable") for one in new), *((row.id, "silent") for row in silent)]

    def list(self, tx: Tx, appointment_id: int, now: datetime, *, why: str) -> bool:
        """Put one on the list; False where she stands there."""
        visit = self.stopping.bookings.visit(tx, appointment_id)
        if visit is None or visit.starts_at <= now:
            return False
        return calls.ask(tx, appointment_id, why, self.stopping.due(visit, now))
