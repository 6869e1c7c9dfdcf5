"""What was told so far of somebody to be added; it waits with the open question, as sealed as that."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from bot.patients.documents import Document, reread, with_birth
from bot.patients.introductions import Introduced


@dataclass(slots=True)
class Told:
    """What was told so far of somebody to be added; kept with the open question.

    Attributes:
        back: who goes on when she is added, "booking.who"; empty where nobody waits.
        guardian: the patient who accompanies her.
        vouched: the patient whose correction a code confirms.
    """

    back: str = ""
    name: str = ""
    kind: str = ""
    number: str = ""
    born: str = ""
    relation: str = ""
    phone: str = ""
    insured: bool = False
    guardian: int = 0
    vouched: int = 0

    def kept(self) -> dict[str, object]:
        """Return it as a question keeps it."""
        return asdict(self)

    @property
    def document(self) -> Document | None:
        """The document, once there is one."""
        if not self.number:
            return None
        born = date.fromisoformat(self.born) if self.born else None
        return with_birth(reread(self.kind, self.number), born)

    def learn(self, said: Introduced) -> None:
        """Take over what a message added; what it does not say stays."""
        self.name = said.name or self.name
        self.relation = said.relation or self.relation
        self.insured = said.insured or self.insured
        if said.document is not None:
            self.kind, self.number = said.document.kind.value, said.document.number
        if said.born is not None:
            self.born = said.born.isoformat()


_KEPT = {part.name for part in fields(Told)}


def recall(values: Mapping[str, Any] | None) -> Told:
    """Return what waits with a question, or with whoever sent somebody here."""
    return Told(**{name: value for name, value in (values or {}).items() if name in _KEPT})
