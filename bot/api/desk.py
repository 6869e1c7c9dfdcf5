"""What every route of the operators' interface needs of the application."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.api.shapes import Wrong
from bot.appointments.desk import Desk
from bot.care.parts import Care
from bot.errors import BadInput
from bot.store.db import Engine

#: What any route may answer besides, for OpenAPI.
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "no key, or not ours", "model": Wrong},
    413: {"description": "more than one request may carry", "model": Wrong},
    422: {"description": "names the field, or every row, that is wrong", "model": Wrong},
    429: {"description": "too many wrong keys came from there", "model": Wrong},
    503: {"description": "off, or nothing was stored: send it again", "model": Wrong},
}


@dataclass(frozen=True, slots=True)
class Api:
    """What the interface needs of the application.

    Attributes:
        key: `DAOYI_OPERATOR_KEY`; empty: every route answers that it is off.
        changed: called after clinics changed, so that every answer follows.
    """

    engine: Engine
    desk: Desk
    clock: Callable[[], datetime]
    key: str = field(repr=False)
    changed: Callable[[], Awaitable[object]]
    care: Care


class WrongRows(BadInput):
    """A table with problems, each naming its row."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("nothing was changed: " + problems[0])
        self.problems = tuple(problems)
