"""Every case the texts of a booking are said in: what its flow hands to them."""

from itertools import product
from typing import Any

from bot.appointments.model import Refusal

_ROW = {
    "doctor": "Li Mingyuan", "title": "Chief Physician", "department": "Cardiology",
    "tier": "expert", "fee": "22",
    "day": "Wed 25 Nov", "window": "09:00–09:30", "part": "morning", "place": "3F, room 301-1",
}  # fmt: skip
_VISIT = {
    **_ROW, "who": "Wang Guiying", "number": "20481357",
    "cancel_until": "Tue 24 Nov 16:00", "hold_until": "10:05", "cancellable": True,
}  # fmt: skip
_ADVICE = [{"symptom": "knee pain", "department": "Orthopaedics", "note": "X-ray first"}]
_WARNED = {
    "missed": 0, "near": "", "per_week": 3, "per_quarter": 5, "missed_window": 90, "missed_most": 3,
    "block_days": 90, "doubts": False,
}  # fmt: skip
_ASKED = {
    "where": ["Li Mingyuan"], "day": "Wed 25 Nov", "part": "morning", "tier": "expert",
    "advice": _ADVICE, "why": "", "released": "", "campus": "", "turned_down": "",
}  # fmt: skip
_LIMITS = {
    "per_day": 2, "per_week": 3, "per_quarter": 5, "unverified": 1, "missed": 3,
    "blocked_until": "Mon 1 Feb",
}  # fmt: skip

#: By the name of the text.
BOOKING: dict[str, list[dict[str, Any]]] = {
    "booking/which": [{"advice": advice} for advice in ([], _ADVICE)],
    "booking/which_day": [
        {"why": why} for why in ("today or next week", "past", "two days", "vague", "")
    ],
    "booking/slots": [
        {"advice": advice, "exact": exact, "time": "09:00", "doctors": [_ROW], "hold_minutes": 5}
        for advice, exact in product(([], _ADVICE), (True, False))
    ],
    "booking/none": [
        {**_ASKED, "slots": []},
        {**_ASKED, "slots": [_ROW], "day": "", "part": "", "tier": "", "advice": []},
        {**_ASKED, "slots": [_ROW], "campus": "East Campus"},
        {**_ASKED, "slots": [_ROW], "turned_down": "doctor"},
        {**_ASKED, "slots": [_ROW], "turned_down": "cheaper"},
        {**_ASKED, "slots": [_ROW], "why": "unreleased", "released": "Fri 27 Nov 07:00"},
    ],
    "booking/refused_clinic": [
        {**_ROW, "why": why, "reason": reason, "released": "Fri 27 Nov 07:00", "slots": slots}
        for why, reason, slots in product(
            ("full", "stopped", "unreleased", "closed"), ("", "the doctor is away"), ([], [_ROW])
        )
    ],
    "booking/held": [_VISIT],
    "booking/who": [_VISIT],
    "booking/confirm": [
        {**_VISIT, **_WARNED},
        {**_VISIT, **_WARNED, "doubts": True, "cancellable": False},
        {**_VISIT, **_WARNED, "missed": 2, "near": "week"},
        {**_VISIT, **_WARNED, "near": "quarter"},
    ],
    "booking/booked": [
        {**_VISIT, "calendar": calendar, "way": calendar, "cancellable": not calendar}
        for calendar in ("", "https://hospital.example/x")
    ],
    "booking/already": [_VISIT],
    "booking/one_at_a_time": [{}],
    "booking/no_other": [{"what": what} for what in ("doctor", "cheaper")],
    "booking/expired": [{"kept": kept} for kept in (True, False)],
    "booking/refused": [
        {**_VISIT, **_LIMITS, "why": why.value, "told": told}
        for why, told in product(Refusal, (True, False))
    ],
    "booking/not_understood": [{"stage": stage} for stage in ("where", "when", "confirm")],
}
