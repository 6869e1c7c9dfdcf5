"""Who looks at the page: each visit owns a patient on each phone, and nobody keeps one for ever."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: North American area codes; under each, 555-0100 to 555-0199 are kept free for films and papers.
_AREAS = (
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225,
    228, 229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281,
    301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321,
    323, 325, 330, 334, 336, 337, 339, 347, 351, 352, 360, 361, 386, 401, 402, 404, 405, 406, 407,
    408, 409, 410, 412, 413, 414, 415, 417, 419, 423, 424, 425, 430, 432, 434, 435, 440, 443, 478,
    479, 480, 484, 501, 502, 503, 504, 505, 507, 508, 509, 510, 512, 513, 515, 516, 517, 518, 520,
)  # fmt: skip
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789"


def new_openid() -> str:
    """Return an openid such as a WeChat account gives each of its followers: 28 characters."""
    return "oSim" + "".join(secrets.choice(_LETTERS) for _ in range(24))


def new_chat() -> str:
    """Return a Telegram chat id of a private chat."""
    return str(7_000_000_000 + secrets.randbelow(1_000_000_000))


def new_number() -> str:
    """Return a phone number that nobody has, in E.164."""
    return f"+1{secrets.choice(_AREAS)}55501{secrets.randbelow(100):02d}"


NEW_PATIENTS: Mapping[str, Callable[[], str]] = {
    "wechat": new_openid,
    "telegram": new_chat,
    "sms": new_number,
}


@dataclass(slots=True)
class Visit:
    """One open page and its patients.

    Attributes:
        token: known to the page alone; whoever has it acts for these patients.
        patients: by phone, the address of the patient who holds it.
    """

    token: str
    patients: dict[str, str] = field(default_factory=dict)


class Visitors:
    """The last visits; the one that was quiet longest is forgotten first.

    Args:
        forget: told a phone and a patient whom nobody plays any more.
        most: how many visits are remembered.
    """

    def __init__(self, forget: Callable[[str, str], None], most: int = 200) -> None:
        self._forget = forget
        self._most = most
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._taken: set[str] = set()

    def __len__(self) -> int:
        return len(self._visits)

    def begin(self) -> Visit:
        """Return a new visit with a new patient on each phone."""
        visit = Visit(secrets.token_urlsafe(18))
        for phone in NEW_PATIENTS:
            self.renew(visit, phone)
        self._visits[visit.token] = visit
        while len(self._visits) > self._most:
            _, oldest = self._visits.popitem(last=False)
            for phone, patient in oldest.patients.items():
                self._gone(phone, patient)
        return visit

    def find(self, token: str) -> Visit | None:
        """Return a visit that is not forgotten; from now on it is the newest."""
        visit = self._visits.get(token)
        if visit is not None:
            self._visits.move_to_end(token)
        return visit

    def renew(self, visit: Visit, phone: str) -> None:
        """Give a phone to a new patient, whom no other visit plays."""
        before = visit.patients.get(phone)
        patient = NEW_PATIENTS[phone]()
        while patient in self._taken:
            patient = NEW_PATIENTS[phone]()
        self._taken.add(patient)
        visit.patients[phone] = patient
        if before is not None:
            self._gone(phone, before)

    def playing(self, phone: str) -> list[str]:
        """Return every patient of a phone."""
        return [visit.patients[phone] for visit in self._visits.values()]

    def _gone(self, phone: str, patient: str) -> None:
        self._taken.discard(patient)
        self._forget(phone, patient)
