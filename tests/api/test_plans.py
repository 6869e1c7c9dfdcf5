"""Plans by the hospital's own program: made, changed, ended; statuses; what became of each reminder."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.api.conftest import Operators
from tests.helpers.papers import resident

NAME = "欧阳翠花"
DOCUMENT = resident(date(1958, 3, 7), 12)
WHO = {"document_kind": "resident", "document": DOCUMENT, "name": NAME}
FEE = {"amount": "358.60", "item": "心脏彩超", "where": "一楼收费处"}
PLAN: dict[str, Any] = {
    "kind": "revisit", "who": WHO, "starts_on": "2026-12-01", "ends_on": "2026-12-08",
    "details": {"department_name": "心血管内科"}, "key": "R-1",
}  # fmt: skip


async def made(operators: Operators, **more: Any) -> dict[str, Any]:
    answer = await operators.post("/plans", {**PLAN, **more})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_plan_is_made_once_and_changed_by_its_key(operators: Operators) -> None:
    first = await made(operators)
    assert (first["kind"], first["state"], first["version"]) == ("revisit", "active", 1)
    assert await made(operators) == first
    moved = await made(operators, ends_on="2026-12-06")
    assert (moved["plan"], moved["version"]) == (first["plan"], 2)
    other = await made(operators, key="R-2", who={"patient": first["patient"]})
    assert other["plan"] != first["plan"]
    found = (await operators.http.get("/api/v1/plans", params={"patient": first["patient"]})).json()
    assert [plan["plan"] for plan in found["plans"]] == [first["plan"], other["plan"]]
    assert found["plans"][0]["details"] == PLAN["details"]


async def test_a_plan_is_changed_paused_resumed_and_ended(operators: Operators) -> None:
    plan = (await made(operators))["plan"]

    async def change(**body: Any) -> dict[str, Any]:
        answer = await operators.http.patch(f"/api/v1/plans/{plan}", json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    assert (await change(ends_on="2026-12-10"))["ends_on"] == "2026-12-10"
    paused = await change(state="paused", paused_until="2026-12-02T10:00:00+08:00")
    assert (paused["state"], paused["paused_until"]) == ("paused", "2026-12-02T10:00:00+08:00")
    assert (await change(state="active"))["paused_until"] is None
    for _ in range(2):
        ended = await operators.http.delete(f"/api/v1/plans/{plan}", params={"why": "done"})
        assert (ended.status_code, ended.json()["state"]) == (200, "done")
    read = await operators.get(f"/plans/{plan}")
    assert (read.json()["state"], read.json()["details"]) == ("done", PLAN["details"])


async def test_the_same_request_twice_is_answered_alike_and_keeps_no_private_word(
    operators: Operators,
) -> None:
    body = {**PLAN, "kind": "fee", "details": FEE, "key": None}
    answers = [await operators.post("/plans", body, key="one") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await operators.rows("SELECT id FROM care_plan")) == 1
    kept = str([tuple(row) for row in await operators.rows("SELECT answer FROM operator_request")])
    assert "心脏彩超" not in kept
    assert NAME not in kept


async def test_what_became_of_each_reminder_is_told_with_its_reason(operators: Operators) -> None:
    plan = await made(operators)
    house = operators.house
    await operators.http.patch(f"/api/v1/plans/{plan['plan']}", json={"ends_on": "2026-12-07"})
    house.clock.now = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    while await house.app.reminding.sweep.run():
        pass
    found = (await operators.get(f"/patients/{plan['patient']}/reminders")).json()["reminders"]
    became = sorted((one["kind"], one["state"]) for one in found)
    assert became == [
        ("revisit_close", "pending"), ("revisit_close", "skipped"), ("revisit_middle", "pending"),
        ("revisit_middle", "skipped"), ("revisit_open", "skipped"), ("revisit_open", "skipped"),
    ]  # fmt: skip
    reasons = {step["reason"] for one in found for step in one["decisions"]}
    assert reasons == {"moved", "nobody"}, "nobody's chat is hers yet"
    assert NAME not in json.dumps(found, ensure_ascii=False)
    (row, *_) = await operators.rows(
        "SELECT actor, detail FROM audit WHERE action = 'reminders.read' ORDER BY id DESC"
    )
    assert tuple(row) == ("operator", f"patient {plan['patient']}")


async def test_a_status_is_set_and_undone(operators: Operators) -> None:
    plan = await made(operators)
    who = {"patient": plan["patient"]}
    for changed in (True, False):
        body = {"who": who, "status": "died", "at": "2026-11-18T08:00:00+08:00"}
        answer = await operators.post("/patients/status", body)
        assert answer.json() == {"patient": plan["patient"], "changed": changed}
    states = await operators.rows("SELECT DISTINCT state, reason FROM reminder")
    assert [tuple(row) for row in states] == [("skipped", "dead")]
    undone = await operators.post("/patients/status", {"who": who, "status": "died", "undo": True})
    assert undone.json()["changed"] is True
    waiting = await operators.rows("SELECT id FROM reminder WHERE state = 'pending'")
    assert len(waiting) == 3


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"kind": "dance"}, 422, "kind: not known"),
        ({"kind": "fee", "details": {"amount": "1"}}, 422, "details.item: is missing"),
        ({"kind": "medication", "details": {"times": ["25:00"]}}, 422, "details.times"),
        ({"ends_on": "2026-11-01"}, 422, "ends_on: is before"),
        ({"zone": "Mars/Base"}, 422, "zone: must be an IANA"),
        ({"who": {}}, 422, "who: give patient, or"),
        ({"who": {"patient": 999_999}}, 404, "no such patient"),
        ({"who": {"document_kind": "resident", "document": DOCUMENT}}, 404, "nobody has this"),
        ({"who": {**WHO, "document": DOCUMENT[:-1] + "Y"}}, 422, "who.document: is no number"),
        ({"who": {**WHO, "age": 5}}, 422, "who.age: "),
        ({"starts_on": "soon"}, 422, "starts_on: "),
        ({"colour": "red"}, 422, "colour: "),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_never_repeated(
    operators: Operators, change: dict[str, Any], status: int, says: str
) -> None:
    answer = await operators.post("/plans", {**PLAN, **change})
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert NAME not in answer.text
    assert DOCUMENT[:-1] not in answer.text
    assert await operators.rows("SELECT id FROM care_plan") == []


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_what_is_not_there_is_not_found(operators: Operators) -> None:
    assert (await operators.get("/plans/99999")).status_code == 404
    assert (await operators.get("/patients/99999/reminders")).status_code == 404
    gone = await operators.http.patch("/api/v1/plans/99999", json={"ends_on": "2026-12-01"})
    assert gone.status_code == 404
    assert (await operators.http.delete("/api/v1/plans/99999")).status_code == 404
    plan = (await made(operators))["plan"]
    empty = await operators.http.patch(f"/api/v1/plans/{plan}", json={"details": None})
    assert (empty.status_code, "details: must not be empty" in empty.text) == (422, True)


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_document_under_another_name_is_refused(operators: Operators) -> None:
    await made(operators)
    other = await operators.post("/plans", {**PLAN, "who": {**WHO, "name": "赵强"}})
    assert (other.status_code, "belongs to another name" in other.text) == (422, True)


HOME: dict[str, Any] = {
    "number": "Z1", "who": WHO, "date": "2026-11-18", "ward": "心内二病区", "level": "a",
    "steps": ["拿出院小结"], "revisit": "建议1-2周内复诊", "department": "心血管内科",
}  # fmt: skip


async def test_a_discharge_makes_all_that_follows_it(operators: Operators) -> None:
    first = (await operators.post("/discharges", HOME, "d-1")).json()
    assert [plan["kind"] for plan in first["plans"]] == [
        "discharge", "follow_up", "revisit", "greeting",
    ]  # fmt: skip
    assert (await operators.post("/discharges", HOME, "d-1")).json() == first
    assert (await operators.post("/discharges", HOME)).json() == first, "the same changes nothing"
    await operators.post("/discharges", {**HOME, "revisit": ""})
    plans = await operators.rows("SELECT kind, state FROM care_plan ORDER BY id")
    assert [tuple(row) for row in plans] == [
        ("discharge", "active"), ("follow_up", "active"), ("revisit", "stopped"), ("greeting", "active"),
    ]  # fmt: skip
    await operators.post("/discharges", {**HOME, "status": "cancelled"})
    assert {row[1] for row in await operators.rows("SELECT kind, state FROM care_plan")} == {
        "stopped"
    }


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"level": "Q"}, "level: expected one of A, B, C"),
        ({"revisit": "以后"}, "revisit: is no stretch of time"),
        ({"steps": "one"}, "steps: "),
        ({"colour": "red"}, "colour: "),
    ],
)
async def test_a_wrong_discharge_is_named_and_nothing_is_kept(
    operators: Operators, change: dict[str, Any], says: str
) -> None:
    answer = await operators.post("/discharges", {**HOME, **change})
    assert (answer.status_code, answer.json()["error"][: len(says)]) == (422, says)
    assert await operators.rows("SELECT id FROM care_plan") == []


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_pause_that_means_nothing_is_refused(operators: Operators) -> None:
    plan = (await made(operators))["plan"]
    for body, says in (
        ({"paused_until": "2030-01-01T00:00:00Z"}, "paused_until: goes with state paused"),
        ({"state": "paused", "paused_until": "2020-01-01T00:00:00Z"}, "paused_until: must be in"),
    ):
        answer = await operators.http.patch(f"/api/v1/plans/{plan}", json=body)
        assert answer.status_code == 422
        assert answer.json()["error"].startswith(says)
