"""The patients: who they are, where they write from, how they behave, and what is true of each."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from bench.simulate.channels import ACCOUNT, SMS, TELEGRAM, WEB, WECHAT
from bot.reminders.choices import choose
from bot.store.booking_tables import FamilyMember, Patient
from bot.store.db import Tx
from bot.store.tables import Conversation, Person

T = TypeVar("T")

HOME = ZoneInfo("Asia/Shanghai")
_ABROAD = ("America/New_York", "Europe/London", "Australia/Sydney", "America/Los_Angeles")
_CHANNELS = ((WECHAT, 45), (TELEGRAM, 15), (SMS, 20), (WEB, 20))
_STEP = 500


class Course(Generic[T]):
    """What was true when: values with the instants from which they held."""

    def __init__(self, first: T) -> None:
        self._at: list[datetime] = []
        self._values = [first]

    @property
    def now(self) -> T:
        """The newest value."""
        return self._values[-1]

    def set(self, at: datetime, value: T) -> None:
        """Let something hold from an instant on."""
        self._at.append(at)
        self._values.append(value)

    def at(self, at: datetime) -> T:
        """Return what held at an instant."""
        return self._values[bisect_right(self._at, at)]

    def during(self, first: datetime, last: datetime) -> Sequence[T]:
        """Return every value that held between two instants."""
        return self._values[bisect_right(self._at, first) : bisect_right(self._at, last) + 1]


@dataclass(slots=True)
class Someone:
    """A person with a phone, who books for herself and perhaps for a child.

    Attributes:
        patients: by their ids, herself first.
        second: another address of hers, proven: (channel, user, conversation).
        answers: how likely she answers what she is asked.
        held: a person of the hospital holds her conversation; `desk`: it waits for one.
    """

    number: int
    channel: str
    user: str
    zone: ZoneInfo
    answers: float
    conversation_id: int = 0
    second: tuple[str, str, int] | None = None
    patients: list[int] = field(default_factory=list)
    opted_out: Course[bool] = field(default_factory=lambda: Course(False))
    held: Course[bool] = field(default_factory=lambda: Course(False))
    desk: Course[bool] = field(default_factory=lambda: Course(False))
    paused_until: Course[datetime | None] = field(default_factory=lambda: Course(None))
    muted: Course[datetime | None] = field(default_factory=lambda: Course(None))
    unreachable: Course[bool] = field(default_factory=lambda: Course(False))

    def places(self) -> list[tuple[str, str, int]]:
        """Return all her addresses, with their conversations."""
        return [(self.channel, self.user, self.conversation_id), *filter(None, [self.second])]


def draw(random: Random, many: int) -> list[Someone]:
    """Return people, nobody stored yet."""
    names, weights = [name for name, _ in _CHANNELS], [weight for _, weight in _CHANNELS]
    people = []
    for number in range(many):
        abroad = random.random() < 0.03
        one = Someone(
            number,
            random.choices(names, weights)[0],
            f"+86139{number:08}",
            ZoneInfo(random.choice(_ABROAD)) if abroad else HOME,
            random.choice((0.2, 0.5, 0.8)),
        )
        if one.channel != SMS and random.random() < 0.5:
            one.second = (SMS, one.user, 0)
        one.patients = [0] * (2 if random.random() < 0.15 else 1)
        people.append(one)
    return people


def store(tx: Tx, people: Sequence[Someone], now: datetime) -> None:
    """Store people as the hospital knows them: proven addresses, patients, families."""
    for first in range(0, len(people), _STEP):
        _store(tx, people[first : first + _STEP], now)
    for one in people:
        if one.zone is not HOME:
            for _, _, conversation_id in one.places():
                choose(tx, conversation_id, now, zone=one.zone.key)


def _store(tx: Tx, people: Sequence[Someone], now: datetime) -> None:
    with tx.session() as session:

        def added(rows: Sequence[Any]) -> list[int]:
            session.add_all(rows)
            session.flush()
            return [int(row.id) for row in rows]

        persons = added([Person(updated_at=now) for _ in people])
        homes = added([_talk(tx, one.channel, one.user, who, now)
                       for one, who in zip(people, persons, strict=True)])  # fmt: skip
        for one, home, who in zip(people, homes, persons, strict=True):
            one.conversation_id = home
            if one.second is not None:
                channel, user, _ = one.second
                (there,) = added([_talk(tx, channel, user, who, now)])
                one.second = (channel, user, there)
        for place in (0, 1):
            whose = [one for one in people if len(one.patients) > place]
            patients = added([_patient(tx, one.number, place, now) for one in whose])
            for one, patient_id in zip(whose, patients, strict=True):
                one.patients[place] = patient_id
            added([_member(one, place, now) for one in whose])


def _talk(tx: Tx, channel: str, user: str, person_id: int, now: datetime) -> Conversation:
    return Conversation(
        channel=channel, account=ACCOUNT, user=user, person_id=person_id, verified_at=now,
        user_index=tx.keyring.index(user, "conversation.user"), created_at=now, updated_at=now,
    )  # fmt: skip


def _patient(tx: Tx, number: int, place: int, now: datetime) -> Patient:
    document = f"E{place}{number:07}"
    return Patient(
        name="王小明" if place == 0 else "王小小", document_kind="passport", document=document,
        document_index=tx.keyring.index(f"simulate {document}", "patient.document"),
        created_at=now, updated_at=now,
    )  # fmt: skip


def _member(one: Someone, place: int, now: datetime) -> FamilyMember:
    return FamilyMember(
        conversation_id=one.conversation_id, patient_id=one.patients[place], place=place + 1,
        relation="self" if place == 0 else "child", verified_at=now, added_at=now,
    )  # fmt: skip
