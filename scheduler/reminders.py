"""When a reminder is due, and what to do with one that is: `plan` and `decide`; pure.

`plan` is asked once, when the thing is known. `decide` is asked at the second of sending, of what is
true then; it never looks at what was true when the reminder was planned, but for whether that changed.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

from scheduler.hours import Quiet, day_ends, instant, local_day, wall


class Reason(StrEnum):
    """Why a reminder does not go, or not yet. Staff read it: "why did she not get it?"."""

    MOVED = "moved"  # the thing is at another time now
    CANCELLED = "cancelled"
    DONE = "done"  # she came, she was seen, it was paid, it was collected
    ANSWERED = "answered"
    STOPPED = "stopped"  # the plan ended or was taken away
    GONE = "gone"  # the thing is not there any more
    DEAD = "dead"
    BEREAVED = "bereaved"
    ADMITTED = "admitted"
    OPTED_OUT = "opted_out"
    OFF = "off"  # she wants none of this kind, or never asked for it
    PAUSED = "paused"
    MUTED = "muted"  # "no more today"
    TOO_LATE = "too_late"
    QUIET_HOURS = "quiet_hours"
    BEST_TIME = "best_time"
    HELD = "held"  # a person holds the conversation
    OVER_BUDGET = "over_budget"
    NOBODY = "nobody"  # nobody may be told of it
    UNREACHABLE = "unreachable"
    NEWER = "newer"  # a later reminder of the same thing says more
    TO_STAFF = "to_staff"  # nobody answered: staff were asked instead
    FAILED = "failed"  # it cannot be said: a bug, or a row that cannot be opened


class Tier(IntEnum):
    """How much depends on it; the lowest goes first when a budget ends."""

    SAFETY = 0  # asked for at this very time, or harm follows: no budget, no quiet hours, no digest
    NEEDED = 1  # a visit, a preparation: counted, never given up for the budget
    USEFUL = 2
    COURTESY = 3


@dataclass(frozen=True, slots=True)
class Offset:
    """When, counted from the instant the thing happens.

    Attributes:
        days: moves the wall clock, before minus, after plus.
        minutes: elapsed time after that (DESIGN §4.6).
        at: at this local hour of the day found, instead of the thing's own.
        not_after: never later on its day than this hour (RM-01).
    """

    days: int = 0
    minutes: int = 0
    at: time | None = None
    not_after: time | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """How a time that falls into quiet hours moves (RM-02).

    Attributes:
        early: what happens before this hour is told of the evening before …
        evening: … at this hour, which is no quiet one; everything else at the end of the quiet hours.
    """

    early: time = time(10)
    evening: time = time(20)


@dataclass(frozen=True, slots=True)
class Planned:
    """When a reminder is due: the instant in UTC, and what clocks where it was planned show then."""

    due_at: datetime
    wall: datetime


def plan(
    offset: Offset,
    occurs_at: datetime,
    zone: ZoneInfo,
    now: datetime,
    *,
    quiet: Quiet | None = None,
    reader: ZoneInfo | None = None,
    shift: Shift | None = None,
) -> Planned | None:
    """Return when to remind of what happens at `occurs_at`; None where that time is over (RM-02).

    Never in the reader's quiet hours, never in the past; of something to come, never after it.

    Args:
        zone: where the thing happens, whose clocks count.
        quiet: None where the hour was asked for.
        reader: where she lives; `zone` where it is not given.
    """
    due = _offset(offset, occurs_at, zone)
    if due <= now:
        return None
    if quiet is not None:
        due = _out_of(quiet, due, occurs_at, reader or zone, shift or Shift())
    before = offset.days < 0 or offset.minutes < 0
    if due <= now or (before and due >= occurs_at):
        return None
    return Planned(due, wall(due, zone))


def _offset(offset: Offset, occurs_at: datetime, zone: ZoneInfo) -> datetime:
    shown = wall(occurs_at, zone) + timedelta(days=offset.days)
    moved = offset.days != 0 or offset.at is not None
    if offset.at is not None:
        shown = datetime.combine(shown.date(), offset.at)
    if offset.not_after is not None and shown.time() > offset.not_after:
        shown, moved = datetime.combine(shown.date(), offset.not_after), True
    due = instant(shown, zone) if moved else occurs_at
    return due + timedelta(minutes=offset.minutes)


def _out_of(
    quiet: Quiet, due: datetime, occurs_at: datetime, reader: ZoneInfo, shift: Shift
) -> datetime:
    if not quiet.is_quiet(due, reader):
        return due
    opened = quiet.opens(due, reader)
    if wall(occurs_at, reader).time() >= shift.early and opened < occurs_at:
        return opened
    if due >= occurs_at:
        return opened
    before = local_day(occurs_at, reader) - timedelta(days=1)
    return min(opened, instant(datetime.combine(before, shift.evening), reader))


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind of reminder says about when it may go.

    Attributes:
        tier: as `Tier`.
        quiet: it keeps to quiet hours.
        while_admitted: it also goes to who is in hospital.
        while_paused: a pause and "no more today" do not stop it.
        after_opt_out: it also goes to who stopped messages; only what the law demands.
        asks_first: only who asked for this kind gets it.
        to_bereaved: it also goes to a family that mourns.
    """

    tier: Tier = Tier.NEEDED
    quiet: bool = True
    while_admitted: bool = False
    while_paused: bool = False
    after_opt_out: bool = False
    asks_first: bool = False
    to_bereaved: bool = True


@dataclass(frozen=True, slots=True)
class Budget:
    """How many messages one person gets that she did not ask for just now (RM-03)."""

    a_day: int = 3
    a_week: int = 10


@dataclass(frozen=True, slots=True)
class Live:
    """What is true at the second of sending.

    Attributes:
        over: why the thing is not to be told of any more; None: it is.
        send_until: too late to be useful after it.
        nobody: no conversation may be told of it.
        off: she wants none of this kind; `asked`: she asked for it.
        paused_until: nothing but what cannot wait before then, `muted` no more today.
        held: a person holds the conversation.
        quiet, zone: her quiet hours where she lives; `best`: from when to when she likes to be told.
        today, week: messages she got unasked, on this local day and on seven with it.
    """

    zone: ZoneInfo
    over: Reason | None = None
    send_until: datetime | None = None
    nobody: bool = False
    unreachable: bool = False
    dead: bool = False
    bereaved: bool = False
    admitted: bool = False
    opted_out: bool = False
    off: bool = False
    asked: bool = False
    paused_until: datetime | None = None
    muted: bool = False
    held: bool = False
    quiet: Quiet | None = None
    best: tuple[time, time] | None = None
    today: int = 0
    week: int = 0


@dataclass(frozen=True, slots=True)
class Send:
    """It goes now."""


@dataclass(frozen=True, slots=True)
class Skip:
    """It never goes."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Defer:
    """It is decided about again at `until`."""

    until: datetime
    reason: Reason


Decision = Send | Skip | Defer

#: While a person holds the conversation, it is looked at again after so long.
HELD_FOR = timedelta(minutes=10)


def decide(rule: Rule, live: Live, budget: Budget, now: datetime) -> Decision:
    """Return what to do now with a reminder that is due.

    What would be deferred beyond `send_until` is skipped, for the reason that kept it waiting.
    """
    if reason := _never(rule, live, now):
        return Skip(reason)
    later = _later(rule, live, budget, now)
    if later is None:
        return Send()
    if live.send_until is not None and later.until > live.send_until:
        return Skip(later.reason)
    return later


def _never(rule: Rule, live: Live, now: datetime) -> Reason | None:
    """Return why it never goes; what is for good stands before what may pass."""
    late = live.send_until is not None and now > live.send_until
    unasked = live.off or (rule.asks_first and not live.asked)
    reasons = (
        (live.dead, Reason.DEAD),
        (live.over is not None, live.over),
        (live.bereaved and not rule.to_bereaved, Reason.BEREAVED),
        (live.admitted and not rule.while_admitted, Reason.ADMITTED),
        (live.nobody, Reason.NOBODY),
        (live.opted_out and not rule.after_opt_out, Reason.OPTED_OUT),
        (unasked, Reason.OFF),
        (live.unreachable, Reason.UNREACHABLE),
        (late, Reason.TOO_LATE),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _later(rule: Rule, live: Live, budget: Budget, now: datetime) -> Defer | None:
    """Return until when it waits, and for what: the first that holds; None where nothing does."""
    if live.held:
        return Defer(now + HELD_FOR, Reason.HELD)
    return _paused(rule, live, now) or _at_her_hours(rule, live, budget, now)


def _paused(rule: Rule, live: Live, now: datetime) -> Defer | None:
    if rule.while_paused:
        return None
    if live.paused_until is not None and live.paused_until > now:
        return Defer(live.paused_until, Reason.PAUSED)
    return Defer(_open(live, day_ends(now, live.zone)), Reason.MUTED) if live.muted else None


def _at_her_hours(rule: Rule, live: Live, budget: Budget, now: datetime) -> Defer | None:
    if rule.quiet and live.quiet is not None and live.quiet.is_quiet(now, live.zone):
        return Defer(live.quiet.opens(now, live.zone), Reason.QUIET_HOURS)
    if rule.tier < Tier.USEFUL:
        return None
    if (better := _best(live, now)) is not None:
        return Defer(better, Reason.BEST_TIME)
    if live.today >= budget.a_day or live.week >= budget.a_week:
        return Defer(_open(live, day_ends(now, live.zone)), Reason.OVER_BUDGET)
    return None


def _open(live: Live, at: datetime) -> datetime:
    """Return the first instant from `at` on outside quiet hours and, where she named one, her best."""
    opened = live.quiet.opens(at, live.zone) if live.quiet is not None else at
    return _best(live, opened) or opened


def _best(live: Live, now: datetime) -> datetime | None:
    """Return when her best time begins next; None while it lasts, and where she has none.

    One that lies in her quiet hours is none: it would never come.
    """
    if live.best is None:
        return None
    first, last = live.best
    quiet = live.quiet is not None and live.quiet.hides(first, last)
    shown = wall(now, live.zone)
    if first >= last or quiet or first <= shown.time() < last:
        return None
    day = shown.date() if shown.time() < first else shown.date() + timedelta(days=1)
    return instant(datetime.combine(day, first), live.zone)
