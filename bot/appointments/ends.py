"""What becomes of visits once their clinic is over: seen, missed, not known (BK-08); and who is warned.

Missed is who was booked and never checked in, where check-in is kept: somebody else of the same clinic
was checked in. In a hospital, or at a doctor, where nobody ever is, nobody
has missed anything: such visits end as done at the end of the day. So a hospital that keeps no check-in
never blocks its patients, and one where a feed broke down harms nobody.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select

from bot.appointments.model import Refusal, Visit
from bot.appointments.rows import appointment, clinic
from bot.appointments.service import Bookings
from bot.appointments.telling import moment, visit_values
from bot.dialogue.faq import person_button
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Hearer, Notices
from bot.message import Kind, Say
from bot.store.db import Tx
from bot.store.statements import Hot

#: Warnings go out between these hours, the day after or later, not for longer than some days.
_FROM, _UNTIL, _DAYS = time(9), time(20), 3
_MANY = 200

_other = appointment.alias("other")


def _kept() -> ColumnElement[bool]:
    """Return whether anybody of the same clinic was checked in; made anew for each place it stands."""
    return exists().where(
        _other.c.clinic_id == appointment.c.clinic_id,
        or_(_other.c.state == "checked_in", _other.c.queue_no.is_not(None)),
    )


_OVER = Hot(
    select(appointment.c.id, appointment.c.state, clinic.c.date, _kept().label("kept"))
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .where(
        or_(appointment.c.state == "booked", appointment.c.state == "checked_in"),
        clinic.c.status == "on",
        clinic.c.ends_at <= bindparam("over"),
        or_(
            clinic.c.date < bindparam("today", type_=clinic.c.date.type),
            and_(appointment.c.state == "booked", _kept()),
        ),
    )
    .order_by(appointment.c.starts_at, appointment.c.id)
    .limit(_MANY)
)
_MISSED = Hot(
    select(appointment.c.id)
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .where(
        appointment.c.state == "no_show",
        appointment.c.excused_at.is_(None),
        clinic.c.date < bindparam("today", type_=clinic.c.date.type),
        clinic.c.date >= bindparam("since", type_=clinic.c.date.type),
    )
    .order_by(appointment.c.id)
)


@dataclass(frozen=True, slots=True)
class Ends:
    """Closes what is over, and warns whoever did not come."""

    bookings: Bookings
    listeners: Listeners
    notices: Notices

    def over(self, tx: Tx, now: datetime) -> list[tuple[int, bool]]:
        """Return visits that are over, and whether each was missed."""
        late = timedelta(minutes=self.bookings.options.late_minutes)
        rows = tx.rows(_OVER, over=now - late, today=self.listeners.today(now))
        return [(row.id, row.state == "booked" and bool(row.kept)) for row in rows]

    def end(self, tx: Tx, appointment_id: int, now: datetime, *, missed: bool) -> bool:
        """Close one visit; False where somebody did before."""
        end = self.bookings.miss if missed else self.bookings.finish
        return not isinstance(end(tx, appointment_id, now, actor="system"), Refusal)

    def to_warn(self, tx: Tx, now: datetime) -> list[int]:
        """Return the missed visits whose patients may have to be told; only by day."""
        if not _FROM <= now.astimezone(self.bookings.zone).time() < _UNTIL:
            return []
        today = self.listeners.today(now)
        rows = tx.rows(_MISSED, today=today, since=today - timedelta(days=_DAYS))
        return [row.id for row in rows if not self.notices.told(tx, _key(row.id))]

    def warn(self, tx: Tx, appointment_id: int, now: datetime) -> bool:
        """Tell her, once, what was missed and what follows; nothing where nothing follows yet."""
        visit = self.bookings.visit(tx, appointment_id)
        if visit is None or visit.patient_id is None or self.notices.told(tx, _key(appointment_id)):
            return False
        missed = self.bookings.missed(tx, visit.patient_id, now)
        to = self.listeners.of(tx, visit.conversation_id, visit.patient_id, now)
        if to is None or not (missed.warn or missed.blocked_until):
            return False
        until = missed.blocked_until

        def say(hearer: Hearer) -> Say:
            return self._say(visit, missed.count, until, hearer.lang)

        told = self.notices.tell(
            tx, to, say, now, dedupe_key=_key(appointment_id), wanted=until is None
        )
        return told is not None

    def _say(self, visit: Visit, count: int, until: datetime | None, lang: str) -> Say:
        options, zone = self.bookings.options, self.bookings.zone
        values = {
            **visit_values(visit, lang, zone),
            "count": count,
            "most": options.no_show_count,
            "days": options.no_show_window_days,
            "pause": options.no_show_block_days,
            "until": moment(until, lang, zone) if until else "",
        }
        return Say("stopped/missed", Kind.NOTICE, values, shortcuts=(person_button(lang),))


def _key(appointment_id: int) -> str:
    return f"missed:{appointment_id}"
