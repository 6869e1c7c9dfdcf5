"""Every case the texts about visits that are booked already are said in: mine, cancel, move."""

from itertools import product
from typing import Any

from bot.appointments.model import Refusal
from bot.appointments.states import State

_VISIT: dict[str, Any] = {
    "who": "Wang Guiying", "doctor": "Li Mingyuan", "department": "Cardiology", "fee": "22",
    "line": "Wed 25 Nov 09:00–09:30 Cardiology Li Mingyuan Chief Physician", "number": "20481357",
    "place": "3F, room 301-1", "cancel_until": "Tue 24 Nov 16:00", "hold_until": "10:05",
    "state": "booked", "paid": True, "changeable": True, "calendar": "", "queue_no": None,
    "queue_state": None, "cancellable": True,
}  # fmt: skip
_HELD = {**_VISIT, "state": "held", "who": ""}
_SOON = {**_VISIT, "cancellable": False}
_OLD = {**_VISIT, "fee": "10"}
_MINE = [
    [],
    [_HELD],
    [{**_VISIT, "calendar": "https://hospital.example/x.ics"}],
    [{**_VISIT, "changeable": False}, {**_VISIT, "state": "hospital_cancelled"}],
    [{**_VISIT, "state": "hospital_cancelled", "paid": False}],
    *(
        [{**_VISIT, "state": "checked_in", "queue_no": no, "queue_state": stands}]
        for no, stands in ((None, None), (7, "waiting"), (7, "called"), (7, "passed"))
    ),
]
_ENDED = ("done", "no_show", "hospital_cancelled", "cancelled")
_MOVE_NOTES = (
    "expired", "full", "closed", "unreleased", "stopped", "other_doctor", "other_day", "past",
    "nothing", "unclear", "vague", "",
)  # fmt: skip
_ACTS = ("cancel", "move")

#: By the name of the text.
VISITS: dict[str, list[dict[str, Any]]] = {
    "visits/ask_cancel": [
        {**visit, "note": note, "code": code}
        for visit, note, code in product(
            (_VISIT, _HELD, {**_VISIT, "paid": False}), ("nothing", ""), ("4711", "")
        )
    ],
    "visits/ask_move": [
        {**visit, "old": old, "note": note, "code": code}
        for visit, old, note, code in product(
            (_VISIT, _SOON), (_VISIT, _OLD), ("nothing", ""), ("4711", "")
        )
    ],
    **{
        f"visits/{name}": [{**_VISIT, "paid": paid} for paid in (True, False)]
        for name in ("cancelled", "desk_cancelled")
    },
    "visits/cannot_move": [{**_VISIT, "why": why.value} for why in Refusal],
    "visits/kept": [
        {"why": why, "visit": visit} for why, visit in product(("unclear", ""), (_VISIT, None))
    ],
    "visits/mine": [
        {"visits": visits, "more": more, "before": before, "busy": more > 0}
        for visits, (more, before) in product(_MINE, ((0, False), (2, True)))
    ],
    "visits/moved": [
        {**visit, "old": old, "calendar": link, "way": link}
        for visit, old, link in product(
            (_VISIT, _SOON), (_OLD, None), ("https://hospital.example/x", "")
        )
    ],
    "visits/needs_code": [{"moves": moves} for moves in (True, False)],
    "visits/no_other_time": [_VISIT],
    "visits/not_any_more": [{**_VISIT, "state": state.value} for state in State],
    "visits/nothing_to_change": [
        {"found": found, "act": act} for found, act in product((True, False), _ACTS)
    ],
    "visits/other_times": [{**_VISIT, "note": note} for note in _MOVE_NOTES],
    "visits/past": [
        {"visits": [], "more": 0},
        {"visits": [{**_VISIT, "state": state} for state in _ENDED], "more": 0},
        {"visits": [{**_VISIT, "state": "done"}], "more": 3},
    ],
    "visits/released": [_HELD],
    "visits/too_late": [{**_VISIT, "act": act} for act in _ACTS],
    "visits/which": [
        {"missing": missing, "only": only, "act": act, "visits": [_VISIT, _HELD], "more": more}
        for missing, only, act, more in product((True, False), (True, False), _ACTS, (0, 2))
    ],
    "visits/wrong_code": [
        {"left": left, "moves": moves} for left, moves in product((1, 2), (True, False))
    ],
}
