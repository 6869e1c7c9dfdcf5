"""The line of a clinic today: who stands where, what the calling system said, who is told what.

What the calling system says may come twice, late and in any order: the time that it was said decides,
for the clinic and for each patient. Numbers are its own where it gives them, else in the order of
checking in. Whether somebody is told is decided in `queue_rules`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.appointments import seats
from bot.appointments.day import line
from bot.appointments.day.line import InLine, Spoken
from bot.appointments.day.queue_rules import QueueState, Told, ahead, news_for
from bot.appointments.model import Refusal, Visit
from bot.appointments.options import BookingOptions
from bot.appointments.service import Bookings
from bot.appointments.states import State
from bot.appointments.telling import visit_values
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Hearer, Notices
from bot.message import Kind, Say
from bot.store.db import Tx

#: Who checks a patient in, or ends her visit, on the word of the calling system.
ACTOR = "calling system"
#: What is older says nothing of use to somebody who waits: never told, never sent.
FRESH = timedelta(minutes=10)
_WAS_CALLED = frozenset({QueueState.CALLED, QueueState.SEEN})


@dataclass(frozen=True, slots=True)
class Word:
    """What the calling system says of one patient.

    Attributes:
        number: of her appointment; empty where she is known by `queue_no`, her number in the line.
        room: where she is called to; empty for the clinic's.
    """

    state: QueueState
    number: str = ""
    queue_no: int | None = None
    room: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What the calling system says of a clinic at one moment.

    Attributes:
        at: when it said so; None for now.
        serving: the number that was called last; None where it does not say.
    """

    at: datetime | None = None
    serving: int | None = None
    room: str = ""
    words: tuple[Word, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What became of the news.

    Attributes:
        is_late: something newer was known of the clinic already.
        known: how many of its words spoke of patients of ours; `strangers` of somebody else.
        told: how many patients were told something.
    """

    is_late: bool = False
    known: int = 0
    strangers: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a patient stands.

    Attributes:
        ahead: how many are seen before her; None where it cannot be said.
        heard_at: when the calling system last spoke of her clinic, None if never.
        is_silent: it should be speaking by now and does not: whatever was known may be wrong.
    """

    number: int | None
    state: QueueState | None
    ahead: int | None
    room: str
    heard_at: datetime | None
    is_silent: bool


@dataclass(frozen=True, slots=True)
class Silent:
    """A clinic under way whose calling system says nothing.

    Attributes:
        waiting: how many checked in and were not called.
        heard_at: when it was last heard of, None if never today.
    """

    clinic_id: int
    doctor_name: str
    department_name: str
    part: str
    waiting: int
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """Keeps the lines.

    Attributes:
        notices: how a patient is told who did not just ask; `listeners`: who it is that is told.
    """

    options: BookingOptions
    zone: ZoneInfo
    bookings: Bookings
    notices: Notices
    listeners: Listeners

    def join(self, tx: Tx, appointment_id: int, now: datetime) -> Standing:
        """Give somebody who checked in her number, once; return where she stands."""
        seats.enter(tx)
        row = line.clinic_of(tx, appointment_id)
        places = line.places(tx, row.clinic_id)
        mine = next(one for one in places if one.appointment_id == appointment_id)
        if mine.state is None:
            number = mine.number or 1 + max((one.number or 0 for one in places), default=0)
            line.keep(tx, replace(mine, number=number, state=QueueState.WAITING), mine.heard_at)
        return self.standing(tx, appointment_id, now)

    def standing(self, tx: Tx, appointment_id: int, now: datetime) -> Standing:
        """Return where she stands, to be told now: the same count is not sent to her again."""
        clinic = line.clinic_of(tx, appointment_id)
        spoken = line.spoken(tx, clinic.clinic_id)
        places = line.places(tx, clinic.clinic_id)
        mine = next(one for one in places if one.appointment_id == appointment_id)
        is_silent = self._is_silent(clinic.starts_at, spoken, now)
        count = None if is_silent else ahead(mine, places, spoken.serving)
        if count is not None and (mine.told is None or count < mine.told):
            line.keep(tx, replace(mine, told=count), mine.heard_at)
        room = spoken.room or clinic.room
        return Standing(mine.number, mine.state, count, room, spoken.heard_at, is_silent)

    def heard(self, tx: Tx, clinic_id: int, news: News, now: datetime) -> Outcome:
        """Take what the calling system says of a clinic and tell whom it matters to."""
        seats.enter(tx)
        at = min(news.at or now, now)
        spoken = line.spoken(tx, clinic_id)
        outcome = Outcome(is_late=spoken.heard_at is not None and at < spoken.heard_at)
        before = {one.appointment_id: one for one in line.places(tx, clinic_id)}
        rooms = self._take(tx, before, news, at, outcome, now)
        if not outcome.is_late:
            spoken = self._serve(tx, clinic_id, news, spoken, at)
        after = {one.appointment_id: one for one in line.places(tx, clinic_id)}
        if now - at <= FRESH:
            for one in after.values():
                was = before.get(one.appointment_id, one)
                room = rooms.get(one.appointment_id, spoken.room)
                outcome.told += self._tell(tx, was, one, list(after.values()), spoken, room, now)
        return outcome

    def silent(self, tx: Tx, now: datetime) -> list[Silent]:
        """Return the clinics under way with people in line of which nothing was heard for too long.

        A hospital whose calling system never said a word has none to be silent.
        """
        limit = timedelta(minutes=self.options.feed_silent_minutes)
        if not limit or not line.ever_spoken(tx):
            return []
        return [
            Silent(
                row.id, row.doctor_name, row.department_name, row.part, row.waiting, row.heard_at
            )
            for row in line.under_way(tx, now)
            if now - max(row.heard_at or row.starts_at, row.starts_at) >= limit
        ]

    def _is_silent(self, starts_at: datetime, spoken: Spoken, now: datetime) -> bool:
        """Say whether the calling system should be speaking of a clinic at `now` and does not."""
        if now < starts_at:
            return False
        limit = timedelta(minutes=self.options.feed_silent_minutes)
        if spoken.heard_at is None or not limit:
            return spoken.heard_at is None
        return now - max(spoken.heard_at, starts_at) >= limit

    def _serve(self, tx: Tx, clinic_id: int, news: News, before: Spoken, at: datetime) -> Spoken:
        """Keep which number is served; whoever waits with it, or with one jumped over, was called."""
        places = line.places(tx, clinic_id)
        called = [one.number or 0 for one in places if one.state in _WAS_CALLED]
        serving = max([before.serving, *called]) if news.serving is None else news.serving
        since = before.serving if before.heard_at else serving - 1
        for one in places if news.serving else ():
            waits = one.state is QueueState.WAITING and one.heard_at != at  # not said just now
            if waits and since < (one.number or 0) <= serving:
                line.keep(tx, replace(one, state=QueueState.CALLED), at)
        spoken = Spoken(serving, news.room or before.room, at)
        line.keep_spoken(tx, clinic_id, spoken)
        return spoken

    def _take(
        self,
        tx: Tx,
        before: Mapping[int, InLine],
        news: News,
        at: datetime,
        outcome: Outcome,
        now: datetime,
    ) -> dict[int, str]:
        """Store what is said of each patient of ours; return where each is called to."""
        rooms: dict[int, str] = {}
        by_visit = {one.visit_number: one for one in before.values()}
        given = {word.number: word.queue_no for word in news.words if word.number and word.queue_no}
        kept = (one for one in before.values() if one.visit_number not in given)
        by_number = {one.number: one for one in kept if one.number is not None}
        by_number |= {given[name]: by_visit[name] for name in given if name in by_visit}
        for word in news.words:
            mine = by_visit.get(word.number) if word.number else by_number.get(word.queue_no or 0)
            if mine is None:
                outcome.strangers += 1
                continue
            outcome.known += 1
            if self._follow(tx, mine, word, at, now):
                rooms[mine.appointment_id] = word.room or news.room
        return {one: room for one, room in rooms.items() if room}

    def _follow(self, tx: Tx, mine: InLine, word: Word, at: datetime, now: datetime) -> bool:
        """Store what is said of one patient; say whether it was news."""
        if mine.heard_at is not None and at < mine.heard_at:
            return False
        done: Visit | Refusal | None = None
        if word.state is QueueState.SEEN:
            if mine.visit_state is not State.DONE:
                done = self.bookings.finish(tx, mine.appointment_id, now, actor=ACTOR)
        elif mine.visit_state is State.BOOKED:
            if word.state is QueueState.PASSED:
                return False  # she never came to the line
            done = self.bookings.check_in(tx, mine.appointment_id, now, actor=ACTOR)
        elif mine.visit_state is State.DONE:
            return False
        if isinstance(done, Refusal):
            return False
        number = mine.number if word.queue_no is None else word.queue_no
        told = mine.told if number == mine.number else None  # another number is another line
        line.keep(tx, replace(mine, number=number, state=word.state, told=told), at)
        return True

    def _tell(
        self,
        tx: Tx,
        was: InLine,
        mine: InLine,
        places: Sequence[InLine],
        spoken: Spoken,
        room: str,
        now: datetime,
    ) -> bool:
        """Tell one patient what changed for her, if it matters; say whether it did."""
        count = ahead(mine, places, spoken.serving)
        told = news_for(was, mine, count, self.options.queue_ahead)
        visit = self.bookings.visit(tx, mine.appointment_id) if told else None
        if told is None or visit is None or visit.patient_id is None:
            return False
        to = self.listeners.of(tx, visit.conversation_id, visit.patient_id, now)
        if to is None:
            return False
        if told is Told.AHEAD:
            line.keep(tx, replace(mine, told=count), mine.heard_at)

        def saying(hearer: Hearer) -> Say:
            values = {
                **visit_values(visit, hearer.lang, self.zone),
                "queue_no": mine.number, "ahead": count,
                "room": room_words(room or visit.clinic.room, hearer.lang),
                "late_minutes": self.options.late_minutes,
            }  # fmt: skip
            return Say(f"queue/{told.value}", Kind.NOTICE, values)

        what = count if told is Told.AHEAD else _moment(mine.heard_at)
        self.notices.tell(
            tx, to, saying, now,
            dedupe_key=f"queue:{mine.appointment_id}:{told.value}:{what}",
            expires_at=now + FRESH, wanted=told is Told.AHEAD,
        )  # fmt: skip
        return True


def room_words(room: str, lang: str) -> str:
    """Return a room as it is told; one that has a name already says "room"."""
    if not room or not room[-1].isdigit():
        return room
    return f"{room}诊室" if lang == "zh-CN" else f"room {room}"


def _moment(at: datetime | None) -> int:
    """Return a moment as part of a key: the same news is told once."""
    return int(at.timestamp() * 1000) if at else 0
