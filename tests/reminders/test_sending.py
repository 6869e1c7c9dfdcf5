"""From due to told: what goes, what does not and why, each once, on both engines."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.store.reminder_tables import PatientStatus, ReminderChoice
from tests.helpers.reminding import Station, all_at_once, shanghai

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
VISIT_AT = shanghai("2026-11-26", "09:30")


async def at(station: Station, day: str, clock: str) -> int:
    """Sweep at a time by the hospital's clocks."""
    station.clock.now = shanghai(day, clock)
    return await station.sweep.run()


async def test_a_visit_is_reminded_of_three_times_each_once(station: Station) -> None:
    whom = await station.person("u1")
    visit = await station.add(whom, "visit", "心内科", starts=VISIT_AT)
    for day, clock in (("11-23", "09:30"), ("11-25", "09:30"), ("11-26", "07:40")):
        await at(station, f"2026-{day}", clock)
        await station.sweep.run()
        await station.deliver()
    assert await station.states(visit) == [
        ("three_days", "sent", None), ("day_before", "sent", None), ("two_hours", "pending", None),
    ]  # fmt: skip
    await at(station, "2026-11-26", "08:00")
    assert await station.deliver() == ["心内科@11月26日 周四 09:30"] * 3
    assert [kind for _, kind, _ in station.errands.told_of] == [
        "three_days", "day_before", "two_hours",
    ]  # fmt: skip


async def test_several_sweepers_tell_each_once(station: Station, another: Station) -> None:
    visits = [
        await station.add(
            await station.person(f"u{n}"), "visit", f"科{n}", starts=shanghai("2026-11-20", "09:30")
        )
        for n in range(30)
    ]
    station.clock.now = shanghai("2026-11-19", "09:30")
    await all_at_once(station.sweep, another.sweep, station.sweep, another.sweep)
    for visit in visits:
        assert ("day_before", "sent", None) in await station.states(visit)
    assert len(await station.outbox()) == len(visits)
    assert len(await station.deliver()) == len(visits)


async def test_three_visits_of_one_day_are_one_message(station: Station) -> None:
    """RM-03: what is due later that day is said with the first; the soonest visit stands first."""
    whom = await station.person("u1")
    for name, clock in (("骨科", "15:00"), ("内科", "09:30"), ("眼科", "10:30")):
        await station.add(whom, "visit", name, starts=shanghai("2026-11-20", clock))
    await at(station, "2026-11-19", "09:30")
    assert await station.deliver() == ["[内科 09:30][眼科 10:30][骨科 15:00]"]
    await at(station, "2026-11-19", "19:00")
    assert len(await station.outbox()) == 1


async def test_what_is_due_at_another_minute_is_not_pulled_for_doses(station: Station) -> None:
    """A dose is told at its time, with what is due within minutes of it, never with a day's digest."""
    whom = await station.person("u1")
    await station.add(whom, "visit", "内科", starts=shanghai("2026-11-19", "20:00"))
    for name, clock in (("甲", "20:00"), ("乙", "20:10"), ("丙", "21:30")):
        at_clock = shanghai("2026-11-18", clock)
        await station.add(whom, "medication", name, dose=at_clock, own=True)
    await at(station, "2026-11-18", "20:00")
    assert set(await station.deliver()) == {"内科@11月19日 周四 20:00", "[药 甲][药 乙]"}
    sent = [kind for kind, state, _ in await station.states() if state == "sent"]
    assert sorted(sent) == ["day_before", "dose", "dose"]
    assert len(await station.outbox()) == 2


#: (what is true of her, what becomes of the reminder of a visit tomorrow)
LIVE: Mapping[str, tuple[dict[str, Any], str, str]] = {
    "dead": ({"status": {"died_at": 0}}, "skipped", "dead"),
    "admitted": ({"status": {"admitted_at": 0}}, "skipped", "admitted"),
    "discharged": ({"status": {"admitted_at": -1, "discharged_at": 0}}, "sent", ""),
    "bereaved": ({"status": {"bereaved_at": 0}}, "sent", ""),
    "opted out": ({"row": {"opted_out_at": 0}}, "skipped", "opted_out"),
    "unreachable": ({"row": {"unreachable_at": 0}}, "skipped", "unreachable"),
    "held by staff": ({"row": {"holder": "staff"}}, "pending", "held"),
    "held by a desk": ({"row": {"holder": "desk"}}, "pending", "held"),
    "wants none": ({"choice": {"off": "visit"}}, "skipped", "off"),
    "wants none of a kind": ({"choice": {"off": "day_before"}}, "skipped", "off"),
    "paused": ({"choice": {"paused_until": 2}}, "pending", "paused"),
    "paused for long": ({"choice": {"paused_until": 48}}, "skipped", "paused"),
    "muted": ({"choice": {"muted_on": date(2026, 11, 19)}}, "pending", "muted"),
    "lives in New York": ({"choice": {"zone": "America/New_York"}}, "pending", "quiet_hours"),
    "likes the evening": ({"choice": {"best_from": "18:00", "best_until": "20:00"}}, "sent", ""),
}


@pytest.mark.parametrize("name", LIVE)
async def test_what_is_true_at_that_second_decides(station: Station, name: str) -> None:
    true, state, reason = LIVE[name]
    whom = await station.person("u1")
    visit = await station.add(whom, "visit", "内科", starts=shanghai("2026-11-20", "15:00"))
    now = station.clock.now = shanghai("2026-11-19", "15:00")

    def times(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: now + value * HOUR if isinstance(value, int) else value
            for key, value in values.items()
        }

    if "status" in true:
        await station.keep(
            PatientStatus(patient_id=whom[1], updated_at=now, **times(true["status"]))
        )
    if "choice" in true:
        await station.keep(
            ReminderChoice(conversation_id=whom[0], updated_at=now, **times(true["choice"]))
        )
    await station.change(whom[0], **times(true.get("row", {})))
    await station.sweep.run()
    states = {kind: (is_now, why) for kind, is_now, why in await station.states(visit)}
    assert states["day_before"] == (state, reason if state == "skipped" else None)
    if state == "pending":
        assert await station.decisions() == [("deferred", reason)]
    assert len(await station.outbox()) == (state == "sent")
    asked = {"unreachable": "unreachable"}.get(name)
    assert await station.tasks() == ([(asked, "day_before")] if asked else [])


async def test_a_useful_one_waits_for_her_best_time_and_the_budget(station: Station) -> None:
    whom = await station.person("u1")
    await station.keep(
        ReminderChoice(
            conversation_id=whom[0],
            updated_at=station.clock(),
            best_from="18:00",
            best_until="20:00",
        )
    )
    refill = await station.add(whom, "refill", "药", runs_out=shanghai("2026-11-26", "09:00"))
    await at(station, "2026-11-19", "10:00")
    assert await station.states(refill) == [("refill", "pending", None)]
    await at(station, "2026-11-19", "18:00")
    assert await station.states(refill) == [("refill", "sent", None)]
    assert await station.decisions() == [("deferred", "best_time")]


async def test_a_budget_counts_messages_not_things(station: Station) -> None:
    """RM-03: three messages a day, a digest is one; what is needed is counted and never waits."""
    whom, early = await station.person("u1"), 0
    for clock in ("09:00", "09:20", "09:40"):
        for name in "甲乙":
            await station.add(whom, "fee", name + clock, due=shanghai("2026-11-20", clock))
        await at(station, "2026-11-20", clock)
        if clock == "09:20":  # six things in two messages: there is room for a third
            early = await station.add(
                whom, "refill", "药", runs_out=shanghai("2026-11-27", "09:00")
            )
    assert await station.states(early) == [("refill", "sent", None)]
    late = await station.add(whom, "refill", "药", runs_out=shanghai("2026-11-27", "08:00"))
    await at(station, "2026-11-20", "10:00")
    assert await station.states(late) == [("refill", "pending", None)]
    assert ("deferred", "over_budget") in await station.decisions()
    await at(station, "2026-11-21", "08:00")
    assert await station.states(late) == [("refill", "sent", None)]


async def test_a_greeting_goes_to_who_asked_and_never_to_who_mourns(station: Station) -> None:
    asked, mourns, never = [await station.person(f"u{n}") for n in range(3)]
    now = station.clock()
    for whom in (asked, mourns):
        await station.keep(
            ReminderChoice(conversation_id=whom[0], greetings_at=now, updated_at=now)
        )
    await station.keep(PatientStatus(patient_id=mourns[1], bereaved_at=now, updated_at=now))
    for whom in (asked, mourns, never):
        await station.add(whom, "greeting", "", day=shanghai("2026-11-19", "00:00"))
    await at(station, "2026-11-19", "10:00")
    assert [why for _, _, why in await station.states()] == [None, "bereaved", "off"]


async def test_one_reminder_is_told_in_one_of_her_conversations(station: Station) -> None:
    """By the channel she wants first; one that stopped messages or is dead is passed over."""
    first = await station.person("u1", order="other push")
    other, _ = await station.person("u1b", "other", beside=first[0])
    await station.add(first, "visit", "内科", starts=shanghai("2026-11-20", "15:00"))
    await at(station, "2026-11-19", "15:00")
    assert [row.conversation_id for row in await station.outbox()] == [other]
    await station.change(other, unreachable_at=station.clock())
    await at(station, "2026-11-20", "13:00")
    assert [row.conversation_id for row in await station.outbox()] == [other, first[0]]


async def test_money_is_told_to_the_payer_alone(station: Station) -> None:
    patient, payer = await station.person("u1"), await station.person("u2")
    fee = await station.add(patient, "fee", "押金", due=shanghai("2026-11-19", "09:00"))
    station.errands.things[fee] = replace(station.errands.things[fee], payer_id=payer[1])
    await at(station, "2026-11-19", "09:00")
    assert [row.conversation_id for row in await station.outbox()] == [payer[0]]


async def test_a_bad_row_in_the_middle_of_a_batch_stops_nobody(station: Station) -> None:
    """It is tried again, then given up; staff hear of it; the others were told at once."""
    visits = [
        await station.add(
            await station.person(f"u{n}"), "visit", f"科{n}", starts=shanghai("2026-11-20", "15:00")
        )
        for n in range(7)
    ]
    station.errands.broken.add(visits[3])
    await at(station, "2026-11-19", "15:00")
    assert len(await station.outbox()) == 6
    for minutes in (1, 5, 30):
        station.clock.move(minutes=minutes)
        await station.sweep.run()
    assert ("day_before", "skipped", "failed") in await station.states(visits[3])
    assert await station.decisions() == [("failed", "failed")] * 3
    assert await station.tasks() == [("unreachable", "day_before")]


async def test_a_bad_row_of_hers_does_not_hold_back_her_others(station: Station) -> None:
    whom = await station.person("u1")
    good, bad = [
        await station.add(whom, "visit", name, starts=shanghai("2026-11-20", clock))
        for name, clock in (("内科", "10:00"), ("坏", "15:00"))
    ]
    station.errands.broken.add(bad)
    await at(station, "2026-11-19", "10:00")
    assert ("day_before", "sent", None) in await station.states(good)
    assert ("day_before", "pending", None) in await station.states(bad)


async def test_what_staff_hold_goes_once_they_give_it_back(station: Station) -> None:
    whom = await station.person("u1")
    await station.add(whom, "visit", "内科", starts=shanghai("2026-11-20", "15:00"))
    await station.change(whom[0], holder="staff")
    for _ in range(5):
        await at(station, "2026-11-19", "15:00")
    station.clock.move(minutes=10)
    await station.sweep.run()
    assert await station.outbox() == []
    assert await station.decisions() == [("deferred", "held")]  # once, however long
    await station.change(whom[0], holder="bot")
    station.clock.move(minutes=10)
    await station.sweep.run()
    assert await station.deliver() == ["内科@11月20日 周五 15:00"]


SENT, WAITS, NEWER, LATE = (
    ("sent", None), ("pending", None), ("skipped", "newer"), ("skipped", "too_late"),
)  # fmt: skip
#: (how long nothing ran after the first of three reminders was due, what became of each)
DOWN: Mapping[str, tuple[timedelta, tuple[Any, Any, Any]]] = {
    "a minute": (timedelta(minutes=1), (SENT, WAITS, WAITS)),
    "an hour": (HOUR, (SENT, WAITS, WAITS)),
    "two days": (2 * DAY, (NEWER, SENT, WAITS)),
    "until the visit": (3 * DAY - HOUR, (NEWER, NEWER, SENT)),
    "beyond it": (3 * DAY + HOUR, (LATE, LATE, LATE)),
}


@pytest.mark.parametrize("name", DOWN)
async def test_late_after_downtime(station: Station, name: str) -> None:
    """I-15: sent while it is useful, the newest only, never after the visit began."""
    down, states = DOWN[name]
    whom = await station.person("u1")
    visit = await station.add(whom, "visit", "内科", starts=shanghai("2026-11-25", "14:00"))
    station.clock.now = shanghai("2026-11-22", "14:00") + down
    await station.sweep.run()
    assert tuple((state, reason) for _, state, reason in await station.states(visit)) == states
    assert len(await station.outbox()) == states.count(SENT)


@pytest.mark.parametrize(
    ("down", "told"),
    [
        (timedelta(minutes=1), 1),
        (timedelta(minutes=59), 1),
        (3 * DAY + timedelta(minutes=30), 1),
        (3 * DAY + 2 * HOUR, 0),
    ],
)
async def test_doses_after_downtime(station: Station, down: timedelta, told: int) -> None:
    """Nobody is told of three days of doses; of the last only while it is useful; one row waits."""
    whom = await station.person("u1")
    start = shanghai("2026-11-19", "08:00")
    plan = await station.add(whom, "medication", "甲", dose=start, every=DAY)
    station.clock.now = start + down
    await station.sweep.run()
    doses = [row for row in await station.rows(plan) if row.kind == "dose"]
    assert len(await station.outbox()) == told
    waiting = [row for row in doses if row.state == "pending"]
    assert [row.occurs_at for row in waiting] == [start + (down // DAY + 1) * DAY]
    assert ("deferred", "too_late") in await station.decisions() or down < DAY


async def test_a_recurring_plan_holds_one_reminder_that_waits(station: Station) -> None:
    whom = await station.person("u1")
    start = shanghai("2026-11-19", "08:00")
    plan = await station.add(whom, "medication", "甲", dose=start, every=DAY / 2)
    doses = []
    for hours in range(0, 24 * 4, 3):
        station.clock.now = start + hours * HOUR
        await station.sweep.run()
        doses = [row for row in await station.rows(plan) if row.kind == "dose"]
        assert sum(row.state == "pending" for row in doses) == 1
    assert sum(row.state == "sent" for row in doses) == 8


async def test_what_nobody_answers_is_followed_as_the_kind_says(station: Station) -> None:
    whom = await station.person("u1")
    other, _ = await station.person("u1b", "other", beside=whom[0])
    fee = await station.add(whom, "fee", "费", due=shanghai("2026-11-19", "09:00"))
    ready = await station.add(whom, "collect", "药", ready=shanghai("2026-11-23", "09:00"))
    await at(station, "2026-11-19", "09:00")
    assert await station.tasks() == []
    await at(station, "2026-11-21", "09:00")
    assert await station.tasks() == [("unanswered", "fee")]
    assert await station.states(fee) == [("fee", "sent", None), ("staff", "skipped", "to_staff")]
    await at(station, "2026-11-23", "09:00")
    await at(station, "2026-11-23", "11:00")
    assert [row.conversation_id for row in await station.outbox()] == [whom[0], whom[0], other]
    assert await station.states(ready) == [
        ("elsewhere", "sent", None), ("next channel", "sent", None),
    ]  # fmt: skip


async def test_what_was_answered_is_not_followed(station: Station) -> None:
    whom = await station.person("u1")
    plan = await station.add(whom, "medication", "甲", dose=shanghai("2026-11-19", "08:00"))
    await at(station, "2026-11-19", "08:00")
    (dose, nudge) = await station.rows(plan)
    dose.answer, dose.answered_at = "taken", station.clock()
    await station.keep(dose)
    await at(station, "2026-11-19", "09:00")
    assert await station.states(plan) == [("dose", "sent", None), ("nudge", "skipped", "answered")]
    assert nudge.due_at == shanghai("2026-11-19", "09:00")


async def test_a_channel_that_is_read_by_its_page_has_it_at_once(station: Station) -> None:
    whom = await station.person("u1", "page")
    await station.add(whom, "visit", "内科", starts=shanghai("2026-11-20", "15:00"))
    await at(station, "2026-11-19", "15:00")
    assert [row.state for row in await station.outbox()] == ["sent"]
