"""The port to live facts about the hospital: what answers mention, and the names people use."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from intents.entities import Entities, Vocabulary


class Facts(Protocol):
    """What answers may know of the hospital; `bot/hospital` implements it."""

    def info(self, lang: str) -> Mapping[str, Any]:
        """Return the hospital's standing facts (`h` in every text)."""
        ...

    def find(self, name: str, lang: str, today: date, entities: Entities) -> Mapping[str, Any]:
        """Return `found`, `asked`, `similar` and `asked_day` of one look-up."""
        ...

    def vocabulary(self) -> Vocabulary:
        """Return the names of departments, doctors, drugs … that patients may mention."""
        ...
