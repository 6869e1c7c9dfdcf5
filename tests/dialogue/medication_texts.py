"""What the flow and the reminders of medicine hand to their texts."""

from datetime import date, datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

_AT = datetime(2026, 11, 18, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
_DAY = date(2026, 11, 24)
_SAID: list[dict[str, Any]] = [
    {
        "medicine": medicine, "dose": dose, "food": food, "whom": whom, "who": who, "days": "daily",
        "kind": kind,
        "hours": "08:00, 20:00", "prescriber": "", "ends_on": ends_on, "starts_on": _DAY,
        "nights": "23:00", "occurs": _AT, "answers": True, "private": private,
    }
    for (medicine, dose, food), (whom, who), ends_on, private, kind in product(
        (("", "", ""), ("amoxicillin", "2", "pc")), (("", ""), ("mum", ""), ("",
        "W. Fang")), (None, _DAY),
        (True, False), ("dose", "dose_nudge"),
    )
]  # fmt: skip
_CONFIRM = [
    {**said, "guessed": guessed, "changing": changing, "lasting": 7, "at_night": at_night}
    for said, (guessed, changing, at_night) in product(
        _SAID, ((False, False, ""), (True, False, "23:00"), (False, True, ""))
    )
]
_ONE = [{**said, "paused": paused, "until": until} for said in _SAID
        for paused, until in ((False, None), (True, None), (True, _DAY))]  # fmt: skip
_REFILL = [
    {"medicine": "valsartan", "prescriber": prescriber, "path": path, "runs_out": _DAY,
    "days_left": left,
     "who": who, "private": private}
    for prescriber, path, left, who, private in product(
        ("", "M. Li"), ("", "online"), (0, 7), ("", "W. Fang"), (True, False))
]  # fmt: skip
_LOGGED = [{"medicine": name, "dose": dose, "at": _AT, "private": private}
           for name, dose, private in product(("", "ibuprofen"), ("", "one"), (True,
           False))]  # fmt: skip

MEDICATION: dict[str, list[dict[str, Any]]] = {
    **{f"reminders/{name}": _SAID for name in
       ("dose", "dose_line", "dose_nudge", "dose_night", "last_dose", "last_dose_line")},
    "reminders/refill": _REFILL,
    "reminders/refill_line": _REFILL,
    "medication/confirm": _CONFIRM,
    "medication/set": [{**_SAID[0], "next": when} for when in (None, _AT)],
    "medication/one": _ONE,
    "medication/stop": _ONE,
    "medication/resumed": _ONE,
    "medication/other_hours": _ONE,
    "medication/paused": [{"until": _DAY}],
    "medication/mine": [{"plans": _ONE[:3], "more": more, "private": private}
                        for more in (0, 2) for private in (True, False)],
    **{f"medication/{name}": _SAID for name in ("prn", "which_hours")},
    "medication/which_days": [{"times": 2}],
    "medication/too_many": [{"messages": 9, "most": 8}],
    "medication/snoozed": [{"minutes": 20, "asked": asked} for asked in (20, 120)],
    "medication/taken": [{"at": _AT, "today": today} for today in (True, False)],
    "medication/shall_it_end": [{"why": why} for why in ("doctor", "finished")],
    "medication/nights": [{"agreed": agreed} for agreed in (True, False)],
    "medication/logged": _LOGGED,
    "medication/last": [
        {"found": found, "named": "", "private": private}
        for found in ([], [{"medicine": "", "at": _AT}, {"medicine": "ibuprofen", "at": _AT}])
        for private in (True, False)
    ],
}  # fmt: skip
