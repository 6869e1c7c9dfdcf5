"""The roster and its clinics, as a program of the hospital keeps them: whole or not at all."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import DAY, Operators

BACK = pytest.mark.usefixtures("roster_back")
NEXT = DAY + timedelta(days=1)


async def roster(operators: Operators) -> list[dict[str, Any]]:
    answer = await operators.get("/roster", headers={"accept": "application/json"})
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


@pytest.mark.parametrize("backend", ["sqlite"])
@BACK
async def test_what_was_read_can_be_stored_as_csv_and_as_json(operators: Operators) -> None:
    read = await operators.get("/roster")
    assert read.headers["content-type"].startswith("text/csv")
    tried = await operators.http.put("/api/v1/roster?dry_run=true", content=read.content)
    assert (tried.json()["dry_run"], operators.published) == (True, [])
    saved = await operators.http.put(
        "/api/v1/roster", content=read.content, headers={"content-type": "text/csv"}
    )
    assert (saved.status_code, saved.json()["rows"]) == (200, tried.json()["rows"])
    rows = await roster(operators)
    again = await operators.http.put("/api/v1/roster", json={"rows": rows})
    assert (again.status_code, again.json()["rows"]) == (200, saved.json()["rows"])
    assert again.json()["revision"] == saved.json()["revision"] + 1
    assert (await operators.get("/roster")).content == read.content
    assert len(operators.published) == 2


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_every_row_that_is_wrong_is_named_and_nothing_changes(operators: Operators) -> None:
    before = (await operators.get("/roster")).content
    rows = await roster(operators)
    rows[0]["session"], rows[2]["doctor"] = "midnight", "NOBODY"
    answer = await operators.http.put("/api/v1/roster", json={"rows": rows})
    assert answer.status_code == 422
    problems = answer.json()["problems"]
    assert any("row 2" in one and "session" in one for one in problems), problems
    rows[0]["colour"] = "red"
    (unknown,) = (await operators.http.put("/api/v1/roster", json={"rows": rows})).json()[
        "problems"
    ]
    assert "row 2" in unknown
    assert "colour" in unknown
    assert (await operators.get("/roster")).content == before


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("query", "body", "kind", "status"),
    [
        ("", b"", "text/csv", 422),
        ("", b"{", "application/json", 400),
        ("", b'{"rows": 1}', "application/json", 422),
        ("", b'{"rows": [1]}', "application/json", 422),
        ("", b'{"rows": [{"doctor": true}]}', "application/json", 422),
        ("?first=2026-11-18", b"", "text/csv", 422),
        ("?first=yesterday&last=today", b"", "text/csv", 422),
    ],
)
async def test_what_is_no_roster_is_refused(
    operators: Operators, query: str, body: bytes, kind: str, status: int
) -> None:
    answer = await operators.http.put(
        f"/api/v1/roster{query}", content=body, headers={"content-type": kind}
    )
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


@BACK
async def test_clinics_are_stopped_once_and_held_again(operators: Operators) -> None:
    house = operators.house
    await house.app.publish([NEXT])
    clinics = (await operators.get(f"/clinics?date={NEXT}")).json()["clinics"]
    on = next(clinic for clinic in clinics if clinic["status"] == "on")
    body = {"doctor": on["doctor"], "date": NEXT.isoformat(), "part": on["part"], "reason": "开会"}
    stopped = await operators.post("/clinics/stop", body, "stop-1")
    assert stopped.json() == {"clinics": [on["clinic_id"]]}
    resumed = await operators.post("/clinics/resume", {**body, "reason": None})
    assert resumed.json() == {"clinics": [on["clinic_id"]]}
    again = await operators.post("/clinics/stop", body, "stop-1")
    assert again.json() == stopped.json()
    now = (await operators.get(f"/clinics?date={NEXT}")).json()["clinics"]
    assert {c["clinic_id"]: c["status"] for c in now}[on["clinic_id"]] == "on", (
        "a request that comes late, again, stops nothing that was resumed"
    )
    assert set(on["pools"]) == {"online", "window", "added"}


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_nobody_to_stop_is_said(operators: Operators) -> None:
    answer = await operators.post("/clinics/stop", {"doctor": "NOBODY", "date": NEXT.isoformat()})
    assert (answer.status_code, "NOBODY" in answer.json()["error"]) == (422, True)


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_the_roster_has_the_columns_of_its_file(operators: Operators) -> None:
    content = (await operators.get("/roster")).content.decode("utf-8-sig")
    heading = next(csv.reader(io.StringIO(content)))
    assert heading[:4] == ["doctor", "weekday", "date", "session"]
