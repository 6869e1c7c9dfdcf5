"""Every case the texts about family members are said in: what their flow hands to them."""

from itertools import product
from typing import Any

_HERSELF = {"name": "Ann Lee", "relation": "", "masked": "560**3456", "verified": False}
_MOTHER = {**_HERSELF, "name": "Mary Lee", "relation": "mother", "verified": True}
_NAMED = [{"name": "Ann Lee"}]
_NAMED_OR_NOT = ("Ann Lee", "")
_LIMIT = [{"minutes": minutes} for minutes in (1, 59)]

#: By the name of the text.
FAMILY: dict[str, list[dict[str, Any]]] = {
    **{
        f"family/{name}": _NAMED
        for name in ("ask_birthday", "ask_change", "ask_document", "changed", "needed", "removed")
    },
    "family/added": [
        {"name": "Tom Lee", "masked": "560**3456", "guardian": guardian, "guardian_is_self": own}
        for guardian, own in (("", False), ("Ann Lee", False), ("Ann Lee", True))
    ],
    "family/ask_guardian": [
        {"name": name, "age": 14, "known": known}
        for name, known in product(_NAMED_OR_NOT, (True, False))
    ],
    "family/ask_remove": [{"name": "Ann Lee", "visits": visits} for visits in (0, 1, 2)],
    "family/code": [{"code": "012345", "minutes": 5}],
    "family/code_sent": [{"tail": "04", "minutes": 5}],
    "family/code_wrong": [
        {"why": why, "left": left}
        for why, left in product(("wrong", "used_up", "expired", "none"), (1, 4))
    ],
    "family/full": [{"most": 5}],
    "family/list": [
        {"people": people, "most": 5, "proven": proven}
        for people, proven in product(([], [_HERSELF], [_HERSELF, _MOTHER]), (True, False))
    ],
    "family/prove_again": [{"tail": "8004", "minutes": 5}],
    "family/too_often": _LIMIT,
    "family/wrong_document": [
        {"why": why, "name": name}
        for why, name in product(
            ("too_short", "too_long", "checksum", "birthdate", "future", "several"), _NAMED_OR_NOT
        )
    ],
}
