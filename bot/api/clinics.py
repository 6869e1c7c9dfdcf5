"""The roster and the clinics that come of it: read, replaced, stopped, resumed."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session

from bot.api.desk import Api, WrongRows
from bot.api.guard import OPERATOR
from bot.api.once import Asked, Key, once
from bot.api.shapes import ClinicDay, RosterRows, RosterSaved, Stop, Stopped
from bot.errors import BadInput
from bot.hospital import export, roster, schedule, service
from bot.hospital.columns import ROSTER
from bot.hospital.day_list import day_list
from bot.hospital.problems import HospitalDataError
from bot.hospital.service import Counts
from bot.store.audit import record
from bot.store.db import Tx

_CSV, _JSON = "text/csv", "application/json"
_SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _CSV: {"schema": {"type": "string"}},
            _JSON: {"schema": RosterRows.model_json_schema()},
        },
    }
}
_GIVEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "CSV as `daoyi import roster` takes it, or JSON where that is accepted",
        "content": {
            _CSV: {"schema": {"type": "string"}},
            _JSON: {"schema": RosterRows.model_json_schema()},
        },
    }
}


class _DryRunError(Exception):
    """Undoes a change that was only tried."""

    def __init__(self, saved: Any) -> None:
        super().__init__("dry run")
        self.saved = saved


def mount_clinics(router: APIRouter, api: Api) -> None:
    """Add the routes."""
    _mount_reading(router, api)
    _mount_replacing(router, api)
    _mount_stopping(router, api)

    @router.get("/clinics", response_model=ClinicDay)
    async def clinics(
        day: Annotated[date, Query(alias="date")],
        department: Annotated[str | None, Query(max_length=60, description="Code or name.")] = None,
    ) -> Any:
        """Return the clinics of a day, each with its places by pool; no patient is in it."""
        return {
            "date": day,
            "clinics": await api.engine.read(lambda tx: day_list(tx, day, department)),
        }


def _mount_reading(router: APIRouter, api: Api) -> None:
    @router.get("/roster", response_class=Response, responses=_GIVEN)
    async def read_roster(request: Request) -> Response:
        """Return the whole roster."""

        def read(tx: Tx) -> bytes:
            with tx.session() as session:
                return export.export_roster(session)

        content = await api.engine.read(read)
        if _JSON not in request.headers.get("accept", ""):
            return Response(content, media_type=f"{_CSV}; charset=utf-8")
        return JSONResponse(
            {"rows": list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))}
        )


def _mount_replacing(router: APIRouter, api: Api) -> None:
    @router.put("/roster", response_model=RosterSaved, openapi_extra=_SENT)
    async def replace_roster(
        request: Request,
        dry_run: Annotated[bool, Query(description="Check everything, change nothing.")] = False,
        first: Annotated[date | None, Query(description="With `last`: these dates only.")] = None,
        last: Annotated[date | None, Query()] = None,
    ) -> Any:
        """Replace the roster, or its dated lines from `first` to `last`; nothing is half-applied.

        Rows are numbered as in a file, where the heading is row 1.
        """
        if (first is None) != (last is None):
            raise BadInput("first, last: give both or neither")
        content = _content(request.headers.get("content-type", ""), await request.body())
        now, desk = api.clock(), api.desk.bookings

        def stored(session: Session) -> Counts:
            if first is None or last is None:
                return service.save_csv(session, ROSTER.kind, content, now, ROSTER.file)
            return service.save_days(session, content, first, last, now, ROSTER.file)

        def save(tx: Tx) -> Any:
            schedule.lock(tx)
            with tx.session() as session:
                counts = stored(session)
                facts = service.load(session)
            if facts is not None:
                schedule.publish(tx, facts, desk.options, desk.zone, now)
            rows = counts.rows[ROSTER.kind]
            record(tx, now, OPERATOR, "roster.replace", detail=f"{rows} rows")
            saved = {
                "dry_run": dry_run, "rows": rows, "revision": counts.revision,
                "visits_lost": schedule.lost_visits(tx, now),
            }  # fmt: skip
            if dry_run:
                raise _DryRunError(saved)
            return saved

        try:
            saved = await api.engine.write(save)
        except _DryRunError as dry:
            return dry.saved
        except HospitalDataError as exc:
            raise WrongRows(exc.problems) from exc
        await api.changed()
        return saved


def _mount_stopping(router: APIRouter, api: Api) -> None:
    def change(asked: Asked, act: Callable[[Tx], list[int]]) -> Callable[[Tx], Any]:
        now = api.clock()
        return lambda tx: once(tx, asked, now, lambda: {"clinics": act(tx)})

    async def done(op: Callable[[Tx], Any]) -> Any:
        try:
            answer = await api.engine.write(op)
        except HospitalDataError as exc:
            raise WrongRows(exc.problems) from exc
        await api.changed()
        return answer

    @router.post("/clinics/stop", response_model=Stopped)
    async def stop(body: Stop, key: Key = None) -> Any:
        """Stop clinics (停诊): no place is given any more, every answer changes, everybody is told."""
        now = api.clock()
        asked = Asked(key, "clinics/stop", body.model_dump_json())

        def act(tx: Tx) -> list[int]:
            return roster.stop(tx, body.doctor, body.date, body.part, body.reason, now, OPERATOR)

        return await done(change(asked, act))

    @router.post("/clinics/resume", response_model=Stopped)
    async def resume(body: Stop, key: Key = None) -> Any:
        """Hold clinics after all that were stopped; whoever was told otherwise is not booked again."""
        now = api.clock()
        asked = Asked(key, "clinics/resume", body.model_dump_json())

        def act(tx: Tx) -> list[int]:
            return roster.resume(tx, body.doctor, body.date, body.part, now, OPERATOR)

        return await done(change(asked, act))


def _content(kind: str, body: bytes) -> bytes:
    """Return a roster as a CSV file, however it was sent.

    Raises:
        BadInput: it is neither CSV nor JSON. WrongRows: a row has a column that nobody knows.
    """
    if kind.partition(";")[0].strip().lower() != _JSON:
        return body
    try:
        rows = json.loads(body)["rows"]
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise BadInput(
            'the body must be CSV, or JSON: {"rows": [{"doctor": "…", …}]}', 400
        ) from exc
    if not isinstance(rows, list):
        raise BadInput("rows: must be a list")
    names = [column.name for column in ROSTER.columns]
    problems = [_wrong(place, row, names) for place, row in enumerate(rows, 2)]
    if found := [problem for problem in problems if problem]:
        raise WrongRows(found)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _wrong(place: int, row: Any, names: list[str]) -> str:
    """Return what is wrong with one row of JSON, or nothing."""
    where = f"{ROSTER.file} row {place}"
    if not isinstance(row, Mapping):
        return f"{where}: must be an object"
    for name, value in row.items():
        if name not in names:
            return f"{where}: column {str(name)[:40]!r} is not known (expected {', '.join(names)})"
        if not isinstance(value, str | int | None) or isinstance(value, bool):
            return f"{where}, column {name}: must be a text or a number"
    return ""
