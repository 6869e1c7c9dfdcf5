"""Every case the texts of waitlists and of stopped clinics are said in."""

from itertools import product
from typing import Any

from bot.appointments.model import Refusal

_PLACE: dict[str, Any] = {
    "who": "Wang Guiying", "doctor": "Li Mingyuan", "title": "Chief Physician",
    "department": "Cardiology", "tier": "expert", "fee": "22", "day": "Wed 25 Nov",
    "line": "Wed 25 Nov 09:00–09:30 Cardiology Li Mingyuan Chief Physician",
    "window": "09:00–09:30", "part": "morning", "place": "3F, room 301-1",
}  # fmt: skip
_VISIT = {
    **_PLACE, "number": "20481357", "cancel_until": "Tue 24 Nov 16:00", "hold_until": "10:15",
    "hold_minutes": 15, "cancellable": True,
}  # fmt: skip
_SOON = {**_VISIT, "cancellable": False}
_WAITS = {**_PLACE, "place_no": 2}
_REASONS = ("a conference", "")
_OTHERS: tuple[list[dict[str, Any]], ...] = ([], [_PLACE, _PLACE])
_ANSWERS = (True, False)
_WHY = [why.value for why in Refusal]

#: By the name of the text.
WAITLIST: dict[str, list[dict[str, Any]]] = {
    "waitlist/cannot": [
        {**_PLACE, "why": why, "line": line, "until": until}
        for why, (line, until) in product(_WHY, (("", ""), (_PLACE["line"], "Mon 1 Feb")))
    ],
    "waitlist/closed": [
        {**_PLACE, "status": status, "reason": reason, "others": others, "answers": answers}
        for status, reason, others, answers in product(("stopped", "on"), _REASONS, _OTHERS, _ANSWERS)
    ],
    **{f"waitlist/{name}": [_PLACE] for name in ("left", "skipped", "lapsed", "who")},
    **{
        f"waitlist/{name}": [
            {**visit, "answers": answers} for visit, answers in product((_VISIT, _SOON), _ANSWERS)
        ]
        for name in ("hold_ended", "offer")
    },
    "waitlist/joined": [{**_WAITS, "minutes": 15}],
    "waitlist/mine": [{"waits": [_WAITS]}, {"waits": [_WAITS, _WAITS]}],
    "waitlist/over": [{"waits": waits} for waits in ([], [_WAITS])],
    "waitlist/passed": [{**_PLACE, "why": why} for why in _WHY],
    "waitlist/taken": [_VISIT, _SOON],
}  # fmt: skip
STOPPED: dict[str, list[dict[str, Any]]] = {
    "stopped/cannot": [
        {**_PLACE, "why": why, "others": others} for why, others in product(_WHY, _OTHERS)
    ],
    "stopped/missed": [
        {**_PLACE, "count": 2, "days": 90, "most": 3, "pause": 90, "until": until}
        for until in ("", "Mon 1 Feb")
    ],
    "stopped/others": [{**_PLACE, "others": others} for others in _OTHERS],
    "stopped/taken": [_VISIT, _SOON],
    "stopped/told": [
        {**_PLACE, "booked": booked, "off": off, "here": here, "reason": reason, "others": others,
         "answers": answers}
        for booked, off, here, reason, others, answers in product(
            (True, False), (True, False), (True, False), _REASONS, _OTHERS, _ANSWERS
        )
    ],
}  # fmt: skip
