"""What reminders, the answers to them and the choices about them hand to their texts."""

from datetime import date, datetime, time
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.reminders import Reason

Cases = list[dict[str, Any]]

_AT = datetime(2026, 11, 19, 14, tzinfo=ZoneInfo("Asia/Shanghai"))
_DAY, _LATER = date(2026, 11, 19), date(2026, 11, 26)
_STEPS = [{"at": _AT, "text": "Drink water."}, {"at": _AT, "text": "Stop at noon."}]


def _each(**values: tuple[Any, ...]) -> Cases:
    """Return every combination of what each value may be."""
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


_WHO = ("", "W. Fang")
_VISIT = [
    {
        "who": "W. Fang", "doctor": "M. Li", "title": "Chief Physician", "department": "Surgery",
        "day": "Thu 19 Nov", "window": "14:00–14:30", "place": "room 301", "cancel_until": "13:00",
        "line": "Surgery, M. Li", "missed_days": 90, "missed_most": 3, "missed_pause": 30,
        "steps": _STEPS, "occurs": _AT, **case,
    }
    for case in _each(
        days=(0, 1, 2, 7), fast_from=("", "22:00"), fasts_now=(True, False), way=("", "by lift"),
        cancellable=(True, False), prepares=(True, False), missed=(0, 2), late_steps=([], ["Go."]),
    )
]  # fmt: skip
_DUE_SOON = {
    "admission": _each(
        who=_WHO, day=(_DAY,), at=(_AT,), ward=("ward 3",), place=("", "floor 3"),
        bring=((), ("papers", "slippers")), call=("", "0799-555-0101"),
    ),
    "checkup": _each(who=_WHO, due=(_DAY,)),
    "collect": _each(who=_WHO, window=("window 2",), place=("", "floor 1"), hours=("", "8 to 17")),
    "deposit": _each(
        who=_WHO, left=(12_345,), needed=(None, 50_000), where=("", "window 1"), call=("", "0799"),
    ),
    "discharge": _each(
        who=_WHO, day=(_DAY,), steps=((), ("Papers",)), medicines=("", "aspirin"),
        signs=("", "fever"), first_follow_up=(None, _LATER), call=("", "0799-555-0101"),
    ),
    "fee": _each(
        who=_WHO, item=("X-ray",), amount=(12_345,), where=("", "window 1"), due_on=(None, _DAY),
    ),
    "follow_up": _each(who=_WHO, days=(1, 7), question=("How is it?",), call=("", "0799")),
    "greeting": _each(
        who=_WHO, occasion=("birthday", "after_care", "festival"), festival=("", "New Year"),
    ),
    "revisit": _each(
        who=_WHO, department=("", "Surgery"), doctor=("", "M. Li"), first=(_DAY, _LATER),
        last=(_LATER,), is_last=(True, False),
    ),
    **dict.fromkeys(
        ("fasting", "prepare", "prepare_now", "prepare_step", "visit", "visit_soon"), _VISIT
    ),
}  # fmt: skip
_NO_LINE = {"visit_soon"}
_NAMED: Cases = [{"name": "check-up"}]
_LOST = _each(
    lost=((), ({"at": _AT, "name": "visit"}, {"at": None, "name": "medicine"})), more=(True, False)
)
_ZONE = {"place": "Tokyo", "clock": time(15), "quiet_from": time(21), "quiet_until": time(8)}
_WORDS = ("confirm", "done", "not_yet", "thanks")
_ON = [{"about": about, **_NAMED[0]} for about in ("greeting", "visit", "checkup")]

REMINDERS: dict[str, Cases] = {
    **{f"reminders/{name}": cases for name, cases in _DUE_SOON.items()},
    **{f"reminders/{name}_line": cases for name, cases in _DUE_SOON.items() if name not in _NO_LINE},
    "reminders/digest": _each(
        lines=(["Visit at 14:00", "Fee 12.00"],), answers=(True, False), asks=("", "visit")
    ),
    "reminders/nothing_open": [{"word": word} for word in ("taken", "snooze")],
    "reminders/already": _each(
        same=(True, False), answer=("Taken",), waiting=("", "the dose of 20:00")
    ),
    "reminders/another_hour": [{"at": _AT}],
    "reminders/one": _NAMED,
    "reminders/noted": _each(
        word=_WORDS, asks=(True, False), taken=(True, False), digits=(True, False),
        first=("1",), second=("2",),
    ),
    "reminders/stale_answer": [{"why": reason.value} for reason in Reason],
    "reminders/visit_changed": [{"new": one} for one in _VISIT[:2]],
    "reminders/visit_confirmed": _each(
        visits=(_VISIT[:1], _VISIT[:2]), changed=((), _VISIT[:1])
    ),
    "reminders/ask_best": [{"opens": time(8), "closes": time(21)}],
    "reminders/ask_pause": _each(again=(True, False)),
    "reminders/ask_place": _each(several=(True, False)),
    "reminders/ask_zone": [_ZONE],
    "reminders/zone": [_ZONE],
    "reminders/zone_kept": [_ZONE],
    "reminders/best_time": [{"first": time(9), "last": time(20)}],
    "reminders/mine": _each(
        found=((), *(({"at": _AT, "name": "visit", "year": year},) for year in ("", 2027))),
        more=(0, 2), paused_from=(None, _DAY),
        paused_until=(None, _LATER), muted=(True, False), keeps=(True, False),
        best=(None, (time(9), time(20))), place=("", "Tokyo"), off=((), ("check-up",)),
    ),
    "reminders/muted": _LOST,
    "reminders/paused": [
        {"now": now, "first": _DAY, "back": _LATER, **lost}
        for now in (True, False) for lost in _LOST
    ],
    "reminders/pause_keeps": _each(back=(None, _LATER)),
    "reminders/resumed": _each(off=((), ("check-up", "greeting"))),
    "reminders/off": _ON,
    "reminders/on": _ON,
    "reminders/undone": [
        {"what": what, **_NAMED[0]} for what in ("mute", "pause", "best", "zone", "off", "on")
    ],
    "reminders/why_not": [
        {"what": what, "reason": reason, "name": "visit", "at": _AT, "due": _AT, "until": until,
         "channel": channel}
        for what in ("none", "sent", "unsure", "later", "not_sent")
        for reason in (*(reason.value for reason in Reason), "other")
        for until in (None, _AT)
        for channel in ("sms", "wechat", "telegram")
    ],
    **{f"care/checkup_{name}": _each(who=_WHO, month=(5,), month_name=("May",))
       for name in ("ask", "known", "made")},
    "care/thanks": [
        {"word": word} for word in ("better", "confirm", "paid", "done_this_year", "done_elsewhere")
    ],
}  # fmt: skip
