"""Read when a patient wants to come, in Chinese and English: only what is plainly said.

A guess never acts: what could be two days, what is over, what no calendar has or what is refused
comes back as `When.ask`, and whoever reads a `When` looks at that first. A bare weekday is the next one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

from intents import when_story as story
from intents.days import Session
from intents.normalize import normalize
from intents.when_calendar import Days, ahead
from intents.when_clock import Clock, clock_in, places_in
from intents.when_en import FORMS as ENGLISH
from intents.when_spelling import blank_busy, blank_no_time, respell
from intents.when_zh import FORMS as CHINESE

_LONGEST = 600
#: Until this hour of the night "tomorrow" may be the day that has begun.
_NIGHT_UNTIL = 4
_SESSION_ENDS = {"morning": time(12), "afternoon": time(18), "evening": time(23)}
_HAN = re.compile("[\u3400-\u9fff]")
_HINT = re.compile(
    r"\d|[今明后昨周]|前天|星期|礼拜|[一二三四五六七八九十两几半][月号日天点时个]"
    r"|初[一二三四五六七八九十]|[上中下正]午|午[前后间]|[早晚大]上|早晨|清晨|[一今明大]早"
    r"|傍晚"
    r"|今晚|晚间|[夜凌]|下班|放学|工作日|平日|[这本下年月][个底初中末月年]|[旬节假旦庆诞]"
    r"|五一|过年|改天|近[期日]|某天|下[次回]|[晚早]几天|[过这]些天|过阵子"
    r"|越[快早]|尽[快早]|最[快早近晚迟]|马上|立[刻即]|哪天|随便|赶紧|快点|抓紧|离我|隔我"
    r"|都[行可成中]|有空"
    r"|mon|tue|wed|thu|fri|sat|sun|day|tomo|week|month|fortnight|jan|feb|mar|apr|may|jun"
    r"|jul|aug|sep|oct|nov|dec|ton|noon|soon|asap|a\.s\.a\.p"
    r"|earl|first|next|whenever|morn|evening|night|between|quick|later|mas\b|any ?time"
    r"|some ?time|new y|easter|thanks|holi|eid|diwali|cny|autumn|dragon|golden"
    r"|\bat \w|half|quarter|work|school|year|[ap]m\b|o'?clock|immed|away"
)
_SOON = (
    "快", "早", "近", "马上", "立", "哪天", "什么时候", "几点", "时间", "随便", "赶", "抓", "啥时",
    "soon", "asap",
    "a.s", "earliest", "avail", "first", "any", "when", "quick", "away", "immed", "next",
)  # fmt: skip
_SOONEST = re.compile(
    r"越[快早]越好|尽快|尽早|最[快早](?:的|能|可以|什么|一个|一班|那个|是|有|一天|号|给我"
    r"|$|[,。!?呢吧])|[离隔]我?最近的?(?:时间|日子|一天|号|就诊|门诊|预约)|最近的?(?:一个"
    r"|一天|一班|那天|可约|能约|可以约|有号)?的?(?:号|时间|日子|一天|时段|门诊时间|空位)"
    r"|马上就?(?:想|要|能|看)|立[刻即]|(?:哪天|什么时候|啥时候|几点|时间|随便哪天|随便"
    r"|任何时间|任何一天)(?:都行|都可以|都成|都中)|随便哪天|赶紧|快点(?:约|挂|看)|抓紧"
    r"|\b(?:asap|a\.s\.a\.p|as soon as (?:possible|you can|i can)|(?:the )?(?:earliest"
    r"|soonest)(?! (?:was|is it))|first available|next available|first (?:free"
    r"|open) (?:slot|one|appointment)"
    r"|the sooner the better|any ?day|any ?time|whenever|quickest|right away|immediately"
    r"|straight away|(?:the )?next (?:free |open )?(?:slot|opening|appointment))\b"
    r"(?! (?:but|except|other|before|after|between|from)\b)"
)
_NOT_SOON = re.compile(
    r"(?:不[用必要是]?|别|没必要)(?:那么|这么)?\s?$|(?:最早|最近)(?=提前)|\b(?:not|no need"
    r"|isn't|what is|what's)(?: for)?(?: the)? $"
)
_FROM = re.compile(
    r"\s?(?:那天)?(?:起|开始|以来)(?!疼|痛|咳)| ?(?:on(?:wards?)?\b(?! the)|or later"
    r"|at the earliest|or after)"
)
_AFTER = re.compile(r"\s?(?:的)?(?:以后|之后|往后|过后|后(?![天面门来果])) ?")
_BEFORE = re.compile(r"\s?(?:的)?(?:以前|之前|前(?![天台面列后])) ?")
_UNTIL = re.compile(r"\s?(?:为止|截止)| ?(?:at the latest|or (?:earlier|before|sooner))\b")
_PREFIXES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"(?:最早|不早于|早于不)(?:是|要|得|也得?)?\s?$|\b(?:from|starting(?: from"
            r"| on)?|not before|no earlier than|on or after|as early as"
            r"|earliest)(?: the)? ?$"
        ),
        "from",
    ),
    (
        re.compile(
            r"(?:最晚|最迟|不晚于|不迟于|赶在)(?:是|要|得)?\s?$|\b(?:by|until|till"
            r"|no later than|on or before|latest)(?: the)? ?$"
        ),
        "until",
    ),
    (re.compile(r"\b(?:after|past)(?: the)? ?$"), "after"),
    (re.compile(r"\b(?:before|ahead of|prior to)(?: the)? ?$"), "before"),
)
_RANGE = re.compile(r"\s?(?:到|至|-|~|直到|to|through|thru|till|until)\s?(?:the )?")
_OR = re.compile(
    r"\s?[,、/]?\s?(?:或者?是?|或|还是|和|跟|与|以及|、|/|or|and|&|,|)\s?(?:maybe |on |the )?"
)
#: A day counted from another that is one of two: "friday or the day after".
_ANOTHER = re.compile(r"\bor the (?:day|week) after\b(?! (?:tomorrow|next))|或者?(?:第二|后一)天")
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
    return when_of(normalize(text[: 2 * _LONGEST]), today, now_local)


def when_of(plain: str, today: date, now_local: time | None = None) -> When:
    """Return when a normalised text says, as `when_in` does."""
    plain = respell(plain[:_LONGEST])
    if not _HINT.search(plain):
        return NOTHING
    if _ANOTHER.search(plain):
        return When(ask="two days")
    plain = blank_no_time(plain)
    if (left := blank_busy(plain)) != plain:
        return _read(left, today, now_local) or _asked(plain, today, now_local)
    at = story.target(plain)
    if at:
        moved = _read(" " * at + plain[at:], today, now_local)
        if moved:
            return moved
    found = _read(plain, today, now_local)
    if found.first and not found.ask and (at or story.moves(plain)):
        return When(ask="to which day")
    return found


def _asked(plain: str, today: date, now: time | None) -> When:
    """Ask about a time at which one is busy; what named none says nothing still."""
    return When(ask="refused") if _read(plain, today, now) else NOTHING


def _read(plain: str, today: date, now: time | None) -> When:
    rest, named = _days(plain, today)
    wished = [one for one in named if not story.told(plain, one.start, one.end)]
    kept = [one for one in wished if not story.refused(plain, one.start, one.end)]
    soonest = _soonest(plain)
    days = _together(rest, kept, today)
    stories = len(named) - len(wished)
    clock = (
        Clock()
        if stories and not wished
        else clock_in(_without_stories(rest, plain, named, wished))
    )
    if days is None:
        if wished and not kept:
            return When(ask="refused")
        days = Days()
    if not clock.parts and wished == [] and _refuses_a_part(plain):
        return When(ask="refused")
    ask = days.ask or clock.ask or _too_late(days, clock, today, now) or _at_night(kept, now)
    if ask:
        return When(ask=ask)
    if len(kept) > 1 and _each_its_own(kept, clock):
        return When(ask="two days")
    if any(_holds(days, one.days) for one in wished if one not in kept):
        return When(ask="refused")
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
    for form in forms:
        if any(need in rest for need in form.needs):
            rest = form.pattern.sub(taken(form.read), rest)
    return rest, sorted(named, key=lambda one: one.start)


def _together(rest: str, kept: list[_Named], today: date) -> Days | None:
    """Make one of the days that are left; None if there are none."""
    coming = [one for one in kept if one.days.ask != "past" or one.days.kind != "past"]
    if not coming:
        return kept[0].days if kept else None
    found = _bounded(rest, coming[0], today)
    for before, after in pairwise(coming):
        between = rest[before.end : after.start]
        found = _joined(found, before, _bounded(rest, after, today), between, rest)
    return found


def _bounded(rest: str, one: _Named, today: date) -> Days:  # noqa: PLR0911  (one a kind of bound)
    """Widen days by what stands beside them, "以后", "before", "最晚": what every reading holds."""
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


def _joined(found: Days, before: _Named, after: Days, between: str, rest: str) -> Days:  # noqa: PLR0911  (an ordered list of rules)
    """Join two mentions: a range, one day said twice, two days that lie side by side; or ask."""
    if found.ask and after.ask and found.ask == "past":
        return after
    beside = not between.strip(" ,、()的就是也即the")
    if beside and (day := _said_twice(found, after)) is not None:
        return day
    ranged = _RANGE.fullmatch(between) or (
        _BETWEEN.search(rest[: before.start]) and between.strip() in ("and", "和")
    )
    if ranged:
        return _range(found, after)
    if found.ask or after.ask:
        return Days(ask=found.ask or after.ask)
    gap = between.strip(" ,、()的就是也即")
    if (found.first, found.last) == (after.first, after.last):
        return after
    inner = _inner(found, after)
    if not gap and inner is not None:
        return inner
    if "open" in (found.kind, after.kind):
        return (
            _overlap(found, after)
            if not gap or gap in ("and", "但", "but")
            else Days(ask="two days")
        )
    if not _OR.fullmatch(between) or (not gap and found.kind != after.kind):
        return Days(ask="two days" if gap or found.kind == after.kind else "contradiction")
    if found.last and after.first == ahead(found.last, 1):
        return Days(found.first, after.last, None, after.kind)
    return Days(ask="two days")


def _said_twice(a: Days, b: Days) -> Days | None:
    """Settle a date beside its weekday: "26号周四", "周三（25号）"."""
    for date_said, weekday in ((a, b), (b, a)):
        if weekday.weekday is not None and weekday.week is None and date_said.kind == "date":
            if date_said.first is None or date_said.first != date_said.last:
                continue
            same = date_said.first.weekday() == weekday.weekday
            return date_said if same else Days(ask="contradiction")
    return None


def _range(found: Days, after: Days) -> Days:
    first, last = found.first, after.last
    if first is None or last is None or found.ask not in (None, "today or next week"):
        return Days(ask=found.ask or after.ask or "impossible")
    if last < first and after.weekday is not None and after.week is None:
        last = ahead(last, 7)
    if last is None or last < first:
        return Days(ask="impossible")
    return Days(first, last, None, "span")


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
    for start, end in places_in("".join(letters)):
        alone = all(end < one.start - 1 or one.end < start - 1 for one in wished)
        if alone and (story.told(plain, start, end) or story.refused(plain, start, end)):
            letters[start:end] = " " * (end - start)
    return "".join(letters)


def _refuses_a_part(plain: str) -> bool:
    return any(story.refused(plain, *place) for place in places_in(plain))


def _holds(days: Days, other: Days) -> bool:
    """Tell whether a refused day lies among the days that suit."""
    if days.first is None or other.first is None or days.first == days.last:
        return False
    return days.first <= other.first and (days.last is None or other.first <= days.last)


def _soonest(plain: str) -> bool:
    return any(word in plain for word in _SOON) and any(
        not _NOT_SOON.search(plain[: hit.start()]) for hit in _SOONEST.finditer(plain)
    )


def _too_late(days: Days, clock: Clock, today: date, now: time | None) -> str | None:
    """Say "past" of a time of today that is over."""
    if now is None or days.first != today or days.last != today:
        return None
    end = clock.to_time or (
        _SESSION_ENDS[clock.part] if clock.part and not clock.from_time else None
    )
    return "past" if end is not None and end < now else None


def _at_night(kept: list[_Named], now: time | None) -> str | None:
    """Ask whoever writes "tomorrow" after midnight: it may be the day that has begun."""
    late = now is not None and now.hour < _NIGHT_UNTIL
    return "after midnight" if late and any(one.days.kind == "relative" for one in kept) else None


__all__ = ["NOTHING", "When", "when_in", "when_of"]
