"""Read when a patient wants to come, in Chinese and English: only what is plainly said.

A guess never acts: what could be two days, what is over, what no calendar has or what is refused
comes back as `When.ask`, and whoever reads a `When` looks at that first. A bare weekday is the next one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time

from intents import when_story as story
from intents.days import Session
from intents.normalize import normalize
from intents.when_calendar import Days, ahead
from intents.when_clock import Clock, clock_in
from intents.when_en import FORMS as ENGLISH
from intents.when_spelling import blank_no_time, respell
from intents.when_zh import FORMS as CHINESE

_LONGEST = 600
#: Until this hour of the night "tomorrow" may be the day that has begun.
_NIGHT_UNTIL = 4
_SESSION_ENDS = {"morning": time(12), "afternoon": time(18), "evening": time(23)}
_HAN = re.compile("[\u3400-\u9fff]")
_HINT = re.compile(
    r"[\d月号日今明后前周期拜天早午晚夜点快尽初末节旦诞国五春过改年]|最近|马上|立[刻即]|哪天|mon|tue|wed|thu|fri|sat|sun|day|tom|week|month|fortnight"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|today|night|noon|soon|asap|earliest|first|next|when|morn|even|after|before|between"
    r"|quick|later|mas|time|new y|easter|holiday|eid|diwali|ramadan| at |half|quarter|work|year"
)
_SOONEST = re.compile(
    r"越[快早]越好|尽快|尽早|最[快早](?:的|能|可以|什么|一个|一班|那个|是|有|一天|号|给我|$|[,。!?呢吧])|[离隔]我?最近的?(?:时间|日子|一天|号|就诊|门诊|预约)|最近的?(?:一个|一天|一班|那天|可约|能约|可以约|有号)?的?(?:号|时间|日子|一天|时段|门诊时间|空位)"
    r"|马上就?(?:想|要|能|看)|立[刻即]|(?:哪天|什么时候|啥时候|几点|时间|随便哪天|随便|任何时间|任何一天)(?:都行|都可以|都成|都中)|随便哪天|赶紧|快点(?:约|挂|看)|抓紧"
    r"|\b(?:asap|a\.s\.a\.p|as soon as (?:possible|you can|i can)|(?:the )?(?:earliest|soonest)(?! (?:was|is it))|first available|next available|first (?:free|open) (?:slot|one|appointment)"
    r"|the sooner the better|any ?day|any ?time|whenever|quickest|right away|immediately|straight away|(?:the )?next (?:free |open )?(?:slot|opening|appointment))\b"
    r"(?! (?:but|except|other|before|after|between|from|this|next|on|in))"
)
_NOT_SOON = re.compile(r"(?:不[用必要是]?|别|没必要)(?:那么|这么)?\s?$|(?:最早|最近)(?=提前)|\b(?:not|no need|isn't|what is|what's)(?: for)?(?: the)? $")
_FROM = re.compile(r"\s?(?:那天)?(?:起|开始|以来)(?!疼|痛|咳)| ?(?:on(?:wards?)?\b(?! the)|or later|at the earliest|or after)")
_AFTER = re.compile(r"\s?(?:的)?(?:以后|之后|往后|过后|后(?![天面门来果])) ?")
_BEFORE = re.compile(r"\s?(?:的)?(?:以前|之前|前(?![天台面列后])) ?")
_UNTIL = re.compile(r"\s?(?:为止|截止)| ?(?:at the latest|or (?:earlier|before|sooner))\b")
_PREFIXES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:最早|不早于|早于不)(?:是|要|得|也得?)?\s?$|\b(?:from|starting(?: from| on)?|not before|no earlier than|on or after|as early as|earliest)(?: the)? ?$"), "from"),
    (re.compile(r"(?:最晚|最迟|不晚于|不迟于|赶在)(?:是|要|得)?\s?$|\b(?:by|until|till|no later than|on or before|latest)(?: the)? ?$"), "until"),
    (re.compile(r"\b(?:after|past)(?: the)? ?$"), "after"),
    (re.compile(r"\b(?:before|ahead of|prior to)(?: the)? ?$"), "before"),
)
_RANGE = re.compile(r"\s?(?:到|至|-|~|直到|to|through|thru|till|until)\s?(?:the )?")
_OR = re.compile(r"\s?[,、/]?\s?(?:或者?是?|或|还是|和|跟|与|以及|、|/|or|and|&|,|)\s?(?:maybe |on |the )?")
_BETWEEN = re.compile(r"\bbetween (?:the )?$")


@dataclass(frozen=True, slots=True)
class When:
    """The days, the part of the day and the times that a text names; all empty where it names none.

    Attributes:
        first: the first day that suits; with `last` the same it is one day.
        last: the last day that suits, itself included; None with a `first` is "from then on".
        part: the part of the day, where it was said or follows from the time.
        from_time: the earliest time that suits; the same as `to_time` for "at three".
        to_time: the latest time that suits.
        soonest: the sooner the better was said.
        ask: why the patient must be asked: "past", "two days", "vague", "impossible" …
    """

    first: date | None = None
    last: date | None = None
    part: Session | None = None
    from_time: time | None = None
    to_time: time | None = None
    soonest: bool = False
    ask: str | None = None

    def __bool__(self) -> bool:
        """Say whether anything was said about the time at all."""
        return self != NOTHING


#: Nothing was said about the time.
NOTHING = When()


@dataclass(frozen=True, slots=True)
class _Named:
    """Days and where they stand in the text."""

    start: int
    end: int
    days: Days


def when_in(text: str, today: date, now_local: time | None = None) -> When:
    """Return when `text` says; `now_local` tells whether "this morning" is over. Never raises."""
    plain = respell(normalize(text[: 2 * _LONGEST])[:_LONGEST])
    if not _HINT.search(plain):
        return NOTHING
    plain = blank_no_time(plain)
    at = story.target(plain)
    if at:
        moved = _read(" " * at + plain[at:], today, now_local)
        if moved:
            return moved
    found = _read(plain, today, now_local)
    if found.first and not found.ask and (at or story.moves(plain)):
        return When(ask="to which day")
    return found


def _read(plain: str, today: date, now: time | None) -> When:
    rest, named = _days(plain, today)
    wished = [one for one in named if not story.told(plain, one.start, one.end)]
    kept = [one for one in wished if not story.refused(plain, one.start, one.end)]
    soonest = _soonest(plain)
    days = _together(rest, kept, today)
    stories = len(named) - len(wished)
    clock = Clock() if stories and not wished else clock_in(_without_stories(rest, plain, named, wished))
    if days is None:
        if wished and not kept:
            return When(ask="refused")
        days = Days()
    ask = days.ask or clock.ask or _too_late(days, clock, today, now) or _at_night(kept, now)
    if ask:
        return When(ask=ask)
    if len(kept) > 1 and _each_its_own(kept, clock):
        return When(ask="two days")
    return When(days.first, days.last, clock.part, clock.from_time, clock.to_time, soonest)


def _days(plain: str, today: date) -> tuple[str, list[_Named]]:
    """Find every mention of days; give them with the text in which they are blanked out."""
    named: list[_Named] = []
    rest = plain

    def taken(read: Callable[[re.Match[str], date], Days | None]) -> Callable[[re.Match[str]], str]:
        def take(hit: re.Match[str]) -> str:
            days = read(hit, today)
            if days is None:
                return hit[0]
            named.append(_Named(hit.start(), hit.end(), days))
            return "\x00" * len(hit[0])

        return take

    forms = (*CHINESE, *ENGLISH) if _HAN.search(plain) else ENGLISH
    for form, read in forms:
        rest = form.sub(taken(read), rest)
    return rest, sorted(named, key=lambda one: one.start)


def _together(rest: str, kept: list[_Named], today: date) -> Days | None:
    """Make one of the days that are left; None if there are none."""
    coming = [one for one in kept if one.days.ask != "past" or one.days.kind != "past"]
    if not coming:
        return kept[0].days if kept else None
    found = _bounded(rest, coming[0], today)
    for before, after in zip(coming, coming[1:], strict=False):
        between = rest[before.end : after.start]
        found = _joined(found, before, _bounded(rest, after, today), between, rest)
    return found


def _bounded(rest: str, one: _Named, today: date) -> Days:
    """Widen days by what stands beside them: "以后", "before", "最晚" …; what is sure in every reading."""
    days = one.days
    if days.first is None:
        return days
    before = rest[: one.start]
    side = next((side for form, side in _PREFIXES if form.search(before)), "")
    for form, name in ((_FROM, "from"), (_UNTIL, "until"), (_AFTER, "after"), (_BEFORE, "before")):
        if form.match(rest, one.end):
            side = name
    if not side:
        return days
    if days.ask:
        return days
    first, last = days.first, days.last
    if side == "from":
        return Days(first, None, None, "open")
    if side == "after":
        return Days(last and ahead(last, 1), None, None if last else "impossible", "open")
    end = last if side == "until" else ahead(first, -1)
    if end is None or end < today:
        return Days(ask="past")
    return Days(today, end, None, "open")


def _joined(found: Days, before: _Named, after: Days, between: str, rest: str) -> Days:
    """Join two mentions: a range, one day said twice, two days that lie side by side; or ask."""
    if found.ask and after.ask and found.ask == "past":
        return after
    ranged = _RANGE.fullmatch(between) or (
        _BETWEEN.search(rest[: before.start]) and between.strip() in ("and", "和")
    )
    if ranged:
        return _range(found, after)
    if found.ask or after.ask:
        return _one_of(found, after, between)
    gap = between.strip(" ,、()的就是也即")
    if (found.first, found.last) == (after.first, after.last):
        return after
    inner = _inner(found, after)
    if not gap and inner is not None:
        return inner
    if "open" in (found.kind, after.kind):
        return _overlap(found, after) if not gap or gap in ("and", "但", "but") else Days(ask="two days")
    if not _OR.fullmatch(between) or (not gap and found.kind != after.kind):
        return Days(ask="two days" if gap or found.kind == after.kind else "contradiction")
    if found.last and after.first == ahead(found.last, 1):
        return Days(found.first, after.last, None, after.kind)
    return Days(ask="two days")


def _range(found: Days, after: Days) -> Days:
    first, last = found.first, after.last
    if first is None or last is None or found.ask not in (None, "today or next week"):
        return Days(ask=found.ask or after.ask or "impossible")
    if last < first and after.weekday is not None and after.week is None:
        last = ahead(last, 7)
    if last is None or last < first:
        return Days(ask="impossible")
    return Days(first, last, None, "span")


def _one_of(found: Days, after: Days, between: str) -> Days:
    """Settle a date beside its weekday ("周三（25号）"), of which one alone had to be asked about."""
    sure, unsure = (found, after) if after.ask else (after, found)
    if sure.ask or sure.first is None or unsure.weekday is None or between.strip(" ,、()的就是也即the"):
        return Days(ask=found.ask or after.ask)
    if sure.first == sure.last and sure.first.weekday() == unsure.weekday:
        return sure
    return Days(ask="contradiction")


def _inner(a: Days, b: Days) -> Days | None:
    """Give the days that lie within the others: "下周 11月25号"."""
    for small, large in ((a, b), (b, a)):
        if None in (small.first, small.last, large.first, large.last):
            continue
        if large.first <= small.first and small.last <= large.last and small != large:  # type: ignore[operator]
            return small
    return None


def _overlap(a: Days, b: Days) -> Days:
    firsts = [one.first for one in (a, b) if one.first]
    lasts = [one.last for one in (a, b) if one.last]
    first, last = max(firsts), min(lasts) if lasts else None
    if last is not None and last < first:
        return Days(ask="contradiction")
    return Days(first, last, None, "open")


def _each_its_own(kept: list[_Named], clock: Clock) -> bool:
    """Tell "周三上午或周四", where a time belongs to one day only, from "周三周四上午"."""
    return any(kept[0].end <= place < kept[-1].start for place in clock.parts)


def _without_stories(rest: str, plain: str, named: list[_Named], wished: list[_Named]) -> str:
    """Blank out what is told, and the words of a day that also name a part of it are given back."""
    letters = list(rest)
    for one in named:
        for place in range(one.start, one.end):
            if plain[place] in "早晚" or plain[one.start : one.end] == "tonight":
                letters[place] = plain[place]
                if plain[place] in "早晚":
                    letters[place - 1] = plain[place - 1]
        if one not in wished:
            for place in range(one.start, story.end_of_clause(plain, one.end)):
                letters[place] = " "
    return "".join(letters)


def _soonest(plain: str) -> bool:
    return any(not _NOT_SOON.search(plain[: hit.start()]) for hit in _SOONEST.finditer(plain))


def _too_late(days: Days, clock: Clock, today: date, now: time | None) -> str | None:
    """Say "past" of a time of today that is over."""
    if now is None or days.first != today or days.last != today:
        return None
    end = clock.to_time or (_SESSION_ENDS[clock.part] if clock.part and not clock.from_time else None)
    return "past" if end is not None and end < now else None


def _at_night(kept: list[_Named], now: time | None) -> str | None:
    """Ask whoever writes "tomorrow" after midnight: it may be the day that has begun."""
    late = now is not None and now.hour < _NIGHT_UNTIL
    return "after midnight" if late and any(one.days.kind == "relative" for one in kept) else None


__all__ = ["NOTHING", "When", "when_in"]
