"""How a clinic and a campus are told: what bookings know of them goes before the roster."""

import datetime as dt

from bot.hospital.model import Campus, ClinicSession, Status
from bot.hospital.query import Query, Standing, say
from bot.hospital.rows import CampusRow, RosterRow
from bot.hospital.words import day_words, session_word, tier_word


def roster_row(clinic: ClinicSession, query: Query) -> RosterRow:
    """Return a clinic as it stands now: only what can be booked has places left."""
    status = _status(clinic, query)
    return RosterRow(
        doctor=say(clinic.doctor, "name", zh=query.zh),
        title=say(clinic.doctor, "title", zh=query.zh),
        department=say(clinic.department, "name", zh=query.zh),
        date=clinic.date,
        session=session_word(clinic.session, zh=query.zh),
        room=clinic.room,
        fee_tier=tier_word(clinic.tier, zh=query.zh),
        fee=clinic.fee,
        left=_left(clinic, query) if status == Status.ON else 0,
        status=status,
        opens=_opens(clinic.date, query) if status == "unreleased" else "",
    )


def is_over(clinic: ClinicSession, query: Query) -> bool:
    """Whether nothing of a clinic can be booked online any more."""
    standing = _standing(clinic, query)
    return standing is not None and standing.over


def _status(clinic: ClinicSession, query: Query) -> str:
    if clinic.status is Status.STOPPED:
        return Status.STOPPED.value
    if query.released_to is not None and clinic.date > query.released_to:
        return "unreleased"
    if is_over(clinic, query):
        return "over"
    if clinic.status is Status.FULL or not _left(clinic, query):
        return Status.FULL.value
    return Status.ON.value


def _left(clinic: ClinicSession, query: Query) -> int:
    """Return the places left; where clinics are published, one that is not has none."""
    standing = _standing(clinic, query)
    if standing is None:
        return 0 if query.standing else clinic.left
    return standing.left


def _standing(clinic: ClinicSession, query: Query) -> Standing | None:
    return query.standing.get((clinic.doctor.code, clinic.date, clinic.session.value))


def _opens(day: dt.date, query: Query) -> str:
    """Return when the places of a day are released, in words."""
    if query.rules is None:
        return ""
    first = day_words(day - dt.timedelta(days=query.rules.release_days), zh=query.zh)
    clock = query.rules.release_at
    return f"{first} {clock.removeprefix('0')}" if query.zh else f"{first}, {clock}"


def campus_row(campus: Campus, *, zh: bool) -> CampusRow:
    """Return a campus in one language."""
    return CampusRow(
        campus.code, say(campus, "name", zh=zh), say(campus, "address", zh=zh), campus.map_url,
        names=(campus.name, campus.name_en, *campus.aliases),
    )  # fmt: skip
