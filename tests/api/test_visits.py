"""What the desk, the calling system and the hospital's system do and see, without a name."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import DAY, Operators
from tests.helpers.booking import at

NAME = "欧阳翠花"


async def test_one_appointment_is_shown_without_a_name_and_on_record(operators: Operators) -> None:
    visit = await operators.booked(NAME)
    answer = await operators.get(f"/appointments/{visit.number}")
    told = answer.json()
    assert (answer.status_code, told["state"], told["patient"]) == (200, "booked", visit.patient_id)
    assert NAME not in answer.text
    (row, *_) = await operators.rows(
        "SELECT actor, detail FROM audit WHERE action = 'appointment.read' ORDER BY id DESC"
    )
    assert tuple(row) == ("operator", visit.number)


async def test_the_desk_checks_in_and_finishes_and_again_changes_nothing(
    operators: Operators,
) -> None:
    visit = await operators.booked()
    path = f"/appointments/{visit.number}/state"
    for state, number in (("checked_in", 1), ("checked_in", 1), ("done", 1), ("done", 1)):
        told = (await operators.post(path, {"state": state})).json()
        assert (told["state"], told["queue_no"]) == (state, number)
    steps = (await operators.get("/changes")).json()["changes"]
    assert [(step["from"], step["to"], step["by"]) for step in steps[1:]] == [
        ("held", "booked", "patient"),
        ("booked", "checked_in", "operator"),
        ("checked_in", "done", "operator"),
    ]


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("state", "after"),
    [("cancelled", "cancelled"), ("hospital_cancelled", "hospital_cancelled")],
)
async def test_a_visit_is_cancelled_at_the_desk(
    operators: Operators, state: str, after: str
) -> None:
    visit = await operators.booked()
    path = f"/appointments/{visit.number}/state"
    for _ in range(2):
        answer = await operators.post(path, {"state": state})
        assert (answer.status_code, answer.json().get("state")) == (200, after), answer.text
    late = await operators.post(path, {"state": "checked_in"})
    assert (late.status_code, f"is {after}" in late.text) == (409, True)
    told = await operators.rows("SELECT count(*) FROM outbox")
    assert tuple(told[0]) == (1,), "she hears of it, once"


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/appointments/NOSUCH/state", {"state": "done"}, 404, "no such appointment"),
        ("/appointments/{number}/state", {"state": "gone"}, 422, "state: "),
        ("/appointments/{number}/state", {"state": "done", "why": "x"}, 422, "why: "),
        ("/appointments/{number}/state", {"state": "cancelled", "reason": "她病了"}, 422, "reason: "),
        ("/appointments/{number}/state", {"state": "no_show"}, 409, "cannot become no_show"),
        ("/queue", {"patients": []}, 422, "clinic: "),
        ("/queue", {"clinic": 999_999}, 404, "no such clinic"),
        ("/queue", {"doctor": "doc-1", "date": "2026-11-18"}, 422, "clinic: "),
        ("/queue", {"clinic": 1, "at": "2026-11-18T10:00:00"}, 422, "at: "),
        ("/queue", {"clinic": 1, "serving": -1}, 422, "serving: "),
        ("/queue", {"clinic": 1, "patients": [{"state": "called", "queue_no": 1}, {"state": "x"}]},
         422, "patients.1.state: "),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(
    operators: Operators, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    visit = await operators.booked(day=DAY + timedelta(days=1))
    answer = await operators.post(path.format(number=visit.number), body)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    assert "她病了" not in answer.text


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_row_that_names_nobody_is_named(operators: Operators) -> None:
    visit = await operators.booked()
    body = {"clinic": visit.clinic.clinic_id, "patients": [{"state": "called"}]}
    answer = await operators.post("/queue", body)
    assert (answer.status_code, "patients.0" in answer.text) == (422, True)


async def test_the_calling_system_is_heard_and_silence_is_seen(operators: Operators) -> None:
    visit = await operators.booked()
    house, clinic = operators.house, visit.clinic.clinic_id
    house.clock.now = at(DAY, "08:05")
    await operators.post(f"/appointments/{visit.number}/state", {"state": "checked_in"})
    where = {"doctor": "doc-1", "date": DAY.isoformat(), "part": "morning"}
    waits = [{"appointment": visit.number, "queue_no": 7, "state": "waiting"}]
    first = await operators.post("/queue", {**where, "serving": 3, "patients": waits})
    assert first.json() == {"clinic": clinic, "late": False, "known": 1, "strangers": 0, "told": 1}
    called = [{"queue_no": 7, "state": "called", "room": "2"}, {"queue_no": 8, "state": "waiting"}]
    second = await operators.post("/queue", {"clinic": clinic, "patients": called})
    assert second.json() == {"clinic": clinic, "late": False, "known": 1, "strangers": 1, "told": 1}
    state = await operators.get(f"/appointments/{visit.number}")
    assert state.json()["queue_no"] == 7
    late = {"clinic": clinic, "at": "2026-11-18T08:01:00+08:00", "patients": waits}
    assert (await operators.post("/queue", late)).json()["late"] is True
    assert (await operators.get("/queue/silent")).json() == {"clinics": []}
    house.clock.now = at(DAY, "08:30")
    assert (await operators.get("/queue/silent")).json() == {"clinics": []}, "nobody waits"
    await operators.post("/queue", {**late, "at": "2026-11-18T08:10:00+08:00"})
    (silent,) = (await operators.get("/queue/silent")).json()["clinics"]
    assert (silent["clinic"], silent["waiting"]) == (clinic, 1)


async def test_a_key_makes_a_change_happen_once(operators: Operators) -> None:
    visit = await operators.booked()
    path = f"/appointments/{visit.number}/state"
    first = await operators.post(path, {"state": "checked_in"}, "k-1")
    await operators.post(path, {"state": "done"}, "k-2")
    again = await operators.post(path, {"state": "checked_in"}, "k-1")
    assert again.json() == first.json(), "the same answer, whatever happened since"
    other = await operators.post(path, {"state": "done"}, "k-1")
    assert (other.status_code, "another change" in other.text) == (409, True)
    operators.house.clock.now += timedelta(days=8)
    assert (await operators.post(path, {"state": "checked_in"}, "k-1")).status_code == 409, (
        "a key is forgotten in the end; she cannot check in any more"
    )


async def test_a_system_that_polls_gets_every_step_once_without_names(
    operators: Operators,
) -> None:
    for day in range(3):
        await operators.booked(
            f"{NAME}{day}", day=DAY + timedelta(days=day), department=f"dept-{day}"
        )
    got, after = [], 0
    while page := (await operators.get(f"/changes?after={after}&limit=4")).json()["changes"]:
        got += page
        after = page[-1]["id"]
    assert [step["to"] for step in got] == ["held", "booked"] * 3
    assert NAME not in json.dumps(got, ensure_ascii=False)
    assert set(got[0]) == {
        "id", "appointment", "from", "to", "at", "by", "reason", "patient", "clinic", "starts_at",
        "ends_at", "fee",
    }  # fmt: skip
    read = await operators.rows("SELECT detail FROM audit WHERE action = 'changes.read'")
    assert len(read) >= 2
