"""A doctor is away (停诊), or comes after all: one entry that the roster and the clinics both follow."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.hospital import schedule, service
from bot.hospital.model import ClinicSession, Hospital, Status
from bot.hospital.problems import HospitalDataError
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.tables import HospitalRoster

_LONGEST_REASON = 120


def stop(
    tx: Tx,
    doctor: str | None,
    day: date,
    part: str | None,
    reason: str | None,
    now: datetime,
    actor: str,
) -> list[int]:
    """Stop a doctor's clinics of a day, or of a part of it; return the ids of those that were on.

    The roster gets a line for each, so that every answer changes; whoever is booked is told by the
    sweep that finds stopped clinics. Doing it again changes nothing.

    Args:
        doctor: by code or name; none for everybody.
        reason: in the hospital's words; patients are told it.

    Raises:
        HospitalDataError: nobody of that name, or no such clinic that day; nothing was changed.
    """
    schedule.lock(tx)
    with tx.session() as session:
        clinics = _clinics(session, doctor, day, part)
        held = [clinic for clinic in clinics if clinic.status is not Status.STOPPED]
        for clinic in held:
            _write(session, clinic, Status.STOPPED)
        if held:
            service.bump(session, now)
    words = reason.strip()[:_LONGEST_REASON] if reason and reason.strip() else None
    stopped = schedule.stop_clinics(tx, map(_key, clinics), words, now)
    if held or stopped:
        record(tx, now, actor, "roster.stop", detail=_detail(doctor, day, part, words))
    return stopped


def resume(
    tx: Tx, doctor: str | None, day: date, part: str | None, now: datetime, actor: str
) -> list[int]:
    """Let stopped clinics be held after all; return the ids of those that were stopped.

    Visits that were cancelled meanwhile stay cancelled.

    Raises:
        HospitalDataError: nobody of that name, or no such clinic that day; nothing was changed.
    """
    schedule.lock(tx)
    with tx.session() as session:
        clinics = _clinics(session, doctor, day, part)
        away = [clinic for clinic in clinics if clinic.status is Status.STOPPED]
        for clinic in away:
            _take_back(session, clinic)
        keys = {_key(clinic) for clinic in away}
        for clinic in _clinics(session, doctor, day, part) if away else ():
            if clinic.status is Status.STOPPED and _key(clinic) in keys:
                _write(session, clinic, Status.ON)
        if away:
            service.bump(session, now)
    resumed = schedule.resume_clinics(tx, map(_key, clinics))
    if away or resumed:
        record(tx, now, actor, "roster.resume", detail=_detail(doctor, day, part, None))
    return resumed


def add_place(tx: Tx, doctor: str, day: date, part: str, now: datetime, actor: str) -> int:
    """Give a clinic one more place that only its doctor grants (加号); return how many it has then.

    Raises:
        HospitalDataError: no such clinic that day, or it is stopped; nothing was changed.
    """
    schedule.lock(tx)
    with tx.session() as session:
        clinic = _clinics(session, doctor, day, part)[0]
        if clinic.status is Status.STOPPED:
            raise HospitalDataError([f"the clinic of {doctor} on {day}, {part}, is stopped"])
        _write(session, clinic, clinic.status)
        line = _line(session, clinic)
        if line is None:
            raise HospitalDataError([f"no clinic of {doctor} on {day}, {part}"])
        line.added = clinic.added + 1
        session.add(line)
        session.flush()
        service.bump(session, now)
    record(tx, now, actor, "roster.add_place", detail=_detail(doctor, day, part, None))
    return line.added


def save_days(
    tx: Tx, data: bytes, first: date, last: date, now: datetime, file: str = ""
) -> service.Counts:
    """Replace the roster's lines of these dates by those of a CSV file.

    Raises:
        HospitalDataError: with every problem; nothing was changed.
    """
    schedule.lock(tx)
    with tx.session() as session:
        return service.save_days(session, data, first, last, now, file)


def _clinics(
    session: Session, doctor: str | None, day: date, part: str | None
) -> Sequence[ClinicSession]:
    """Return the clinics that are meant, stopped ones too."""
    hospital = service.load(session)
    if hospital is None:
        raise HospitalDataError(["load the whole hospital first"])
    code = None if doctor is None else _code(hospital, doctor)
    found = [
        clinic
        for clinic in hospital.sessions(day, None if code is None else {code})
        if part in (None, clinic.session.value)
    ]
    if not found:
        who = doctor or "anybody"
        raise HospitalDataError([f"no clinic of {who} on {day}{f', {part}' if part else ''}"])
    return found


def _code(hospital: Hospital, written: str) -> str:
    """Return the code of the doctor who is meant by code or name."""
    same: Callable[[str], bool] = written.strip().casefold().__eq__
    found = [
        doctor.code
        for doctor in hospital.doctors
        if any(same(name.casefold()) for name in (doctor.code, doctor.name, doctor.name_en))
    ]
    if len(found) != 1:
        why = f"is more than one: {', '.join(found)}" if found else "is not a doctor's code or name"
        raise HospitalDataError([f"{written!r} {why}"])
    return found[0]


def _key(clinic: ClinicSession) -> schedule.Key:
    return (clinic.doctor.code, clinic.date, clinic.session.value)


def _line(session: Session, clinic: ClinicSession) -> HospitalRoster | None:
    """Return the roster's own line for a clinic, if it has one for that date; the last one counts."""
    code, day, part = _key(clinic)
    return session.exec(
        select(HospitalRoster)
        .where(
            HospitalRoster.doctor == code,
            HospitalRoster.date == day,
            HospitalRoster.session == part,
        )
        .order_by(col(HospitalRoster.position).desc())
    ).first()


def _write(session: Session, clinic: ClinicSession, status: Status) -> None:
    """Say in the roster how one clinic stands."""
    line = _line(session, clinic)
    if line is None:
        code, day, part = _key(clinic)
        last = session.exec(select(func.max(HospitalRoster.position))).one()
        line = HospitalRoster(
            position=(last if last is not None else -1) + 1, doctor=code, date=day, session=part
        )
    line.status = status.value
    session.add(line)
    session.flush()


def _take_back(session: Session, clinic: ClinicSession) -> None:
    """Undo a line that stops a clinic; where it says nothing else it goes."""
    line = _line(session, clinic)
    if line is None or line.status != Status.STOPPED.value:
        return
    says = (line.room, line.tier, line.capacity, line.window, line.added, line.minutes, line.left)
    if any(value not in (None, "") for value in says):
        line.status = Status.ON.value
        session.add(line)
    else:
        session.delete(line)
    session.flush()


def _detail(doctor: str | None, day: date, part: str | None, reason: str | None) -> str:
    return " ".join(filter(None, (doctor or "*", day.isoformat(), part, reason)))
