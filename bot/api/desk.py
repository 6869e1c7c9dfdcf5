"""What every route of the operators' interface needs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.api.shapes import Wrong
from bot.appointments.queue import Queue
from bot.appointments.service import Bookings
from bot.errors import BadInput
from bot.store.db import Engine, Tx

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
        refused: cancels a visit in the hospital's name, tells the patient and offers other places.
        changed: called after the facts changed, so that clinics are published from them.
    """

    engine: Engine
    bookings: Bookings
    queue: Queue
    clock: Callable[[], datetime]
    key: str = field(repr=False)
    refused: Callable[[Tx, int, datetime], object]
    changed: Callable[[], Awaitable[object]]


class WrongRows(BadInput):
    """A table with problems, each naming its row."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("nothing was changed: " + problems[0])
        self.problems = tuple(problems)
