"""Every case the texts of the day of a visit are said in: what the flow and the line hand to them."""

from typing import Any

_VISIT = {
    "who": "Wang Guiying", "doctor": "Li Mingyuan", "window": "09:00–09:30", "part": "morning",
    "line": "Wed 25 Nov 09:00–09:30 Cardiology Li Mingyuan Chief Physician", "fee": "22",
    "place": "3F, room 301-1", "queue_no": 7, "room": "room 2",
}  # fmt: skip
_STANDS = [
    {**_VISIT, "queue_state": state, "ahead": ahead, "silent": silent, "heard": heard, "room": room}
    for state, ahead, silent, heard, room in (
        ("waiting", 3, False, "09:05", "room 2"),
        ("waiting", 0, False, "09:05", ""),
        ("waiting", None, False, "09:05", ""),
        ("waiting", None, True, "09:05", ""),
        ("waiting", None, True, "", ""),
        ("called", None, False, "09:05", "room 2"),
        ("called", None, False, "09:05", ""),
        ("passed", None, False, "09:05", ""),
    )
]

#: By the name of the text.
QUEUE: dict[str, list[dict[str, Any]]] = {
    "queue/ask_here": [{"visits": [_VISIT]}, {"visits": [_VISIT, _VISIT]}],
    "queue/not_yet": [{}],
    "queue/too_early": [{**_VISIT, "begins": "08:00"}],
    "queue/too_late": [{**_VISIT, "late_minutes": 30, "over": over} for over in (True, False)],
    "queue/cannot": [_VISIT],
    "queue/none_today": [{"visits": [_VISIT]}],
    "queue/checked_in": _STANDS,
    "queue/standing": [*({"visits": [one]} for one in _STANDS), {"visits": _STANDS}],
    "queue/ahead": [{**_VISIT, "ahead": ahead} for ahead in (0, 3)],
    "queue/called": [{**_VISIT, "room": room, "queue_no": no} for room, no in (("", 7), ("2", None))],
    "queue/passed": [{**_VISIT, "queue_no": no} for no in (7, None)],
}  # fmt: skip
