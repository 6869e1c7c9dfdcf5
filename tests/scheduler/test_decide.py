"""What is decided at the second of sending: never stale, never at night, never too much."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.hours import Quiet, instant, wall
from scheduler.reminders import (
    HELD_FOR,
    Budget,
    Decision,
    Defer,
    Live,
    Reason,
    Rule,
    Send,
    Skip,
    Tier,
    decide,
)

ZONE = ZoneInfo("Asia/Shanghai")
QUIET, BUDGET = Quiet(), Budget()
NOW = instant(datetime(2026, 11, 18, 10), ZONE)  # noqa: DTZ001
NIGHT = instant(datetime(2026, 11, 18, 22), ZONE)  # noqa: DTZ001
FINE = Live(ZONE, quiet=QUIET)
VISIT, USEFUL = Rule(Tier.NEEDED), Rule(Tier.USEFUL)
DOSE = Rule(Tier.SAFETY, quiet=False)
GREETING = Rule(Tier.COURTESY, asks_first=True, to_bereaved=False)


def at(shown: str) -> datetime:
    return instant(datetime.fromisoformat(shown), ZONE)


@pytest.mark.parametrize(
    ("rule", "live", "expected"),
    [
        (VISIT, FINE, Send()),
        (DOSE, FINE, Send()),
        # what is not true any more is never told of
        (VISIT, replace(FINE, over=Reason.MOVED), Skip(Reason.MOVED)),
        (VISIT, replace(FINE, over=Reason.CANCELLED), Skip(Reason.CANCELLED)),
        (DOSE, replace(FINE, over=Reason.ANSWERED), Skip(Reason.ANSWERED)),
        (VISIT, replace(FINE, dead=True, over=Reason.MOVED), Skip(Reason.DEAD)),
        (VISIT, replace(FINE, admitted=True), Skip(Reason.ADMITTED)),
        (replace(VISIT, while_admitted=True), replace(FINE, admitted=True), Send()),
        # who may not, or does not want to, be told
        (VISIT, replace(FINE, nobody=True), Skip(Reason.NOBODY)),
        (VISIT, replace(FINE, opted_out=True), Skip(Reason.OPTED_OUT)),
        (replace(VISIT, after_opt_out=True), replace(FINE, opted_out=True), Send()),
        (VISIT, replace(FINE, off=True), Skip(Reason.OFF)),
        (VISIT, replace(FINE, unreachable=True), Skip(Reason.UNREACHABLE)),
        (GREETING, FINE, Skip(Reason.OFF)),
        (GREETING, replace(FINE, asked=True), Send()),
        (GREETING, replace(FINE, asked=True, bereaved=True), Skip(Reason.BEREAVED)),
        (VISIT, replace(FINE, bereaved=True), Send()),
        # too late to be useful
        (VISIT, replace(FINE, send_until=NOW), Send()),
        (VISIT, replace(FINE, send_until=NOW - timedelta(seconds=1)), Skip(Reason.TOO_LATE)),
        # not now
        (VISIT, replace(FINE, held=True), Defer(NOW + HELD_FOR, Reason.HELD)),
        (
            VISIT,
            replace(FINE, paused_until=at("2026-11-20 09:00")),
            Defer(at("2026-11-20 09:00"), Reason.PAUSED),
        ),
        (VISIT, replace(FINE, paused_until=NOW), Send()),
        (VISIT, replace(FINE, muted=True), Defer(at("2026-11-19 08:00"), Reason.MUTED)),
        (replace(VISIT, while_paused=True), replace(FINE, muted=True), Send()),
        # of what is useful or a courtesy: her best time, and not too much
        (
            USEFUL,
            replace(FINE, best=(time(18), time(20))),
            Defer(at("2026-11-18 18:00"), Reason.BEST_TIME),
        ),
        (USEFUL, replace(FINE, best=(time(9), time(11))), Send()),
        (
            USEFUL,
            replace(FINE, best=(time(8), time(9))),
            Defer(at("2026-11-19 08:00"), Reason.BEST_TIME),
        ),
        (USEFUL, replace(FINE, best=(time(22), time(23))), Send()),  # would never come
        (VISIT, replace(FINE, best=(time(18), time(20))), Send()),
        (USEFUL, replace(FINE, today=3), Defer(at("2026-11-19 08:00"), Reason.OVER_BUDGET)),
        (USEFUL, replace(FINE, week=10), Defer(at("2026-11-19 08:00"), Reason.OVER_BUDGET)),
        (USEFUL, replace(FINE, today=2, week=9), Send()),
        (VISIT, replace(FINE, today=9), Send()),
        # what would wait for longer than it is worth is given up, for the reason that kept it
        (
            USEFUL,
            replace(FINE, today=3, send_until=at("2026-11-18 20:00")),
            Skip(Reason.OVER_BUDGET),
        ),
        (VISIT, replace(FINE, muted=True, send_until=at("2026-11-18 20:00")), Skip(Reason.MUTED)),
    ],
)
def test_by_day(rule: Rule, live: Live, expected: Decision) -> None:
    assert decide(rule, live, BUDGET, NOW) == expected


@pytest.mark.parametrize(
    ("rule", "live", "expected"),
    [
        (VISIT, FINE, Defer(at("2026-11-19 08:00"), Reason.QUIET_HOURS)),
        (DOSE, FINE, Send()),  # she asked for this hour
        (VISIT, replace(FINE, send_until=at("2026-11-19 07:00")), Skip(Reason.QUIET_HOURS)),
        (VISIT, replace(FINE, zone=ZoneInfo("America/New_York")), Send()),  # 9 in the morning there
        (VISIT, replace(FINE, held=True), Defer(NIGHT + HELD_FOR, Reason.HELD)),
    ],
)
def test_at_night(rule: Rule, live: Live, expected: Decision) -> None:
    assert decide(rule, live, BUDGET, NIGHT) == expected


_CLOCKS = st.times().map(lambda one: one.replace(second=0, microsecond=0))
_LIVES = st.builds(
    Live,
    zone=st.sampled_from([ZoneInfo(name) for name in ("Asia/Shanghai", "America/New_York")]),
    over=st.none() | st.sampled_from([Reason.MOVED, Reason.CANCELLED, Reason.DONE, Reason.ANSWERED]),
    send_until=st.none()
    | st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    paused_until=st.none()
    | st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    best=st.none() | st.tuples(_CLOCKS, _CLOCKS),
    quiet=st.none() | st.just(QUIET),
    today=st.integers(0, 5),
    week=st.integers(0, 12),
    **{
        name: st.booleans()
        for name in (
            "nobody", "unreachable", "dead", "bereaved", "admitted", "opted_out", "off", "asked",
            "muted", "held",
        )
    },
)  # fmt: skip
_RULES = st.builds(
    Rule,
    tier=st.sampled_from(Tier),
    **{
        name: st.booleans()
        for name in (
            "quiet", "while_admitted", "while_paused", "after_opt_out", "asks_first", "to_bereaved",
        )
    },
)  # fmt: skip
_NOWS = st.datetimes(datetime(2026, 10, 25), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(_RULES, _LIVES, _NOWS)
def test_what_is_sent_is_true_wanted_and_at_a_good_hour(
    rule: Rule, live: Live, now: datetime
) -> None:
    if decide(rule, live, BUDGET, now) != Send():
        return
    assert live.over is None
    assert not any((live.dead, live.nobody, live.off, live.unreachable, live.held))
    assert rule.after_opt_out or not live.opted_out
    assert rule.while_admitted or not live.admitted
    assert rule.to_bereaved or not live.bereaved
    assert live.asked or not rule.asks_first
    assert live.send_until is None or now <= live.send_until
    assert not (rule.quiet and live.quiet is not None and live.quiet.is_quiet(now, live.zone))
    assert rule.tier < Tier.USEFUL or live.today < BUDGET.a_day


@given(_RULES, _LIVES, _NOWS)
def test_what_waits_is_over_some_day_and_is_looked_at_no_later_than_it_is_worth(
    rule: Rule, live: Live, now: datetime
) -> None:
    """Once nobody holds the conversation and a new day began, a few looks end in one way or another."""
    for _ in range(8):
        found = decide(rule, live, BUDGET, now)
        if not isinstance(found, Defer):
            return
        assert found.until > now
        assert live.send_until is None or found.until <= live.send_until
        another = wall(found.until, live.zone).date() != wall(now, live.zone).date()
        if another:
            live = replace(live, today=0, week=0, muted=False)
        now, live = found.until, replace(live, held=False)
    raise AssertionError("it is put off for ever")
