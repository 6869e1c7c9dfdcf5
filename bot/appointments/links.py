"""Addresses on the web that belong to a visit: its calendar file, and the way there.

A link holds the visit's own number of ours and a signature: nothing to guess, and nothing private.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import quote

from sqlalchemy import bindparam, exists, select

from bot.appointments.model import Visit
from bot.appointments.states import State
from bot.store.booking_tables import Appointment, AppointmentChange
from bot.store.db import Tx
from bot.store.keyring import Keyring
from bot.store.statements import Hot

_PURPOSE = "calendar"
_SIGNED = 24
#: A visit is moved a few times, not more; a chain that is longer is cut.
_MOST_MOVES = 20
_DIGITS = 18

_appointment = Appointment.__table__  # type: ignore[attr-defined]
_change = AppointmentChange.__table__  # type: ignore[attr-defined]

_BEFORE = Hot(
    select(_appointment.c.replaces_id, _appointment.c.version).where(
        _appointment.c.id == bindparam("appointment_id")
    )
)
#: What took a visit's place, once it was sure; a hold that ended never did.
_AFTER = Hot(
    select(_appointment.c.id, _appointment.c.version)
    .where(
        _appointment.c.replaces_id == bindparam("appointment_id"),
        exists().where(
            _change.c.appointment_id == _appointment.c.id, _change.c.new == State.BOOKED.value
        ),
    )
    .order_by(_appointment.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Course:
    """One visit through all its moves.

    Attributes:
        first: where it began: names it for good.
        last: as it stands now.
        changes: grows with every change of any of them.
    """

    first: int
    last: int
    changes: int


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the addresses that may be told in a private chat.

    Attributes:
        public_url: where patients reach us; empty where unknown: then no calendar file is offered.
        spot: returns (address, map link or "") of a campus in a language.
    """

    public_url: str
    spot: Callable[[str, str], tuple[str, str]]

    def calendar(self, keyring: Keyring, visit: Visit, lang: str) -> str:
        """Return the address of a visit's calendar file, or "" where nobody could open it."""
        if not self.public_url:
            return ""
        name = signed_name(keyring, visit.appointment_id)
        return f"{self.public_url.rstrip('/')}/calendar/{name}.ics?lang={quote(lang)}"

    def way(self, visit: Visit, lang: str) -> str:
        """Return a link to a map where the hospital gave one, else the address in words."""
        address, map_url = self.spot(visit.clinic.campus, lang)
        return map_url or address


def signed_name(keyring: Keyring, appointment_id: int) -> str:
    """Return what names a visit in a link: its number and a signature of it."""
    return f"{appointment_id}-{keyring.sign(str(appointment_id), _PURPOSE)[:_SIGNED]}"


def appointment_of(keyring: Keyring, name: str) -> int | None:
    """Return the visit that a link names, or None where the link is not ours."""
    number, _, _signature = name.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        return None
    known = signed_name(keyring, int(number))
    return int(number) if compare_digest(known.encode(), name.encode()) else None


def course_of(tx: Tx, appointment_id: int) -> Course | None:
    """Return what became of a visit through its moves, or None where there is no such visit."""
    row: Any = tx.one(_BEFORE, appointment_id=appointment_id)
    if row is None:
        return None
    first, changes = appointment_id, row.version
    for _ in range(_MOST_MOVES):
        if row.replaces_id is None:
            break
        first = row.replaces_id
        row = tx.one(_BEFORE, appointment_id=first)
        changes += row.version
    last = appointment_id
    for _ in range(_MOST_MOVES):
        after = tx.one(_AFTER, appointment_id=last)
        if after is None:
            break
        last, changes = after.id, changes + after.version
    return Course(first, last, changes)
