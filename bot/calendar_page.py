"""The calendar file of a visit, at an address that only whoever was told it can know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Query
from fastapi.responses import PlainTextResponse, Response

from bot.appointments.ics import MEDIA_TYPE, Entry, calendar_file
from bot.appointments.links import appointment_of, course_of
from bot.appointments.model import Visit
from bot.appointments.states import State
from bot.store.db import Engine, Tx

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}  # fmt: skip
_NOTHING = (
    "没有找到这个日历文件。请在与医院的对话里回复“我的预约”，重新取链接。\n"
    "This calendar file is not here. Please write “my appointments” in your chat with the hospital "
    "and take the link anew.\n"
)
_ENDED = (
    "这个号没有约成，没有日历文件。请在与医院的对话里回复“我的预约”查看现在的预约。\n"
    "This place was never booked, so there is no calendar file. Please write “my appointments” in "
    "your chat with the hospital to see what is booked.\n"
)


class Reads(Protocol):
    """What reads a visit (`appointments.service.Bookings`)."""

    def visit(self, tx: Tx, appointment_id: int) -> Visit | None:
        """Return a visit as it stands, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Calendars:
    """What serving calendar files needs.

    Attributes:
        info: the hospital's standing facts in a language.
        spot: returns (address, map link or "") of a campus in a language.
        reveals: the words of a text that tell of an illness.
        languages: what files can be had in, the first where none is asked for.
    """

    engine: Engine
    visits: Reads
    info: Callable[[str], Mapping[str, Any]]
    spot: Callable[[str, str], tuple[str, str]]
    reveals: Callable[[str], list[str]]
    languages: tuple[str, ...]
    zone: ZoneInfo
    clock: Callable[[], datetime]


def mount_calendar(http: FastAPI, calendars: Calendars) -> None:
    """Add the one route. A visit that is not there and a link that is not ours look the same."""

    @http.get("/calendar/{name}.ics", include_in_schema=False)
    async def calendar(name: str, lang: Annotated[str, Query(max_length=12)] = "") -> Response:
        language = lang if lang in calendars.languages else calendars.languages[0]
        appointment_id = appointment_of(calendars.engine.keyring, name)
        entry = None
        if appointment_id is not None:
            entry = await calendars.engine.read(
                lambda tx: _entry(tx, calendars, appointment_id, language)
            )
        if entry is None:
            return PlainTextResponse(_NOTHING, 404, _HEADERS)
        if entry.visit.state in (State.HELD, State.EXPIRED):
            return PlainTextResponse(_ENDED, 410, _HEADERS)
        file = calendar_file(
            entry, language, calendars.zone, calendars.clock(),
            lambda text: bool(calendars.reveals(text)),
        )  # fmt: skip
        day = entry.visit.starts_at.astimezone(calendars.zone)
        named = {"Content-Disposition": f'inline; filename="visit-{day:%Y%m%d}.ics"'}
        return Response(file, 200, {**_HEADERS, **named}, MEDIA_TYPE)


def _entry(tx: Tx, calendars: Calendars, appointment_id: int, lang: str) -> Entry | None:
    course = course_of(tx, appointment_id)
    visit = calendars.visits.visit(tx, course.last) if course else None
    if course is None or visit is None:
        return None
    address, _ = calendars.spot(visit.clinic.campus, lang)
    return Entry(
        f"visit-{course.first}", course.changes, visit, str(calendars.info(lang)["name"]), address
    )
