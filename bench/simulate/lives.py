"""How patients live: they book, move, cancel, come or do not, answer, or stay silent."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from bench.simulate.people import HOME, Someone
from bench.simulate.plans import PlansOfCare
from bench.simulate.truth import VisitTruth
from bench.simulate.world import START, STOP, World, at_hour
from bot.appointments import finding
from bot.appointments.desk import Act, Why
from bot.appointments.finding import Wanted
from bot.appointments.model import FreeSlot, Visit
from bot.message import Kind, Worded
from bot.store.db import Tx
from bot.wiring.booking import desk

_YEAR = 365.0
_DIGITS = re.compile(r"\b(\d{4})\b")
_MOST_TURNS = 5
_QUESTIONS = (
    "停车多少钱",
    "医院几点开门",
    "周三下午儿科谁坐诊",
    "体检要空腹吗",
    "how much is parking",
)
_WORDS = ("确认", "好的", "改期", "取消", "吃了", "稍后提醒我", "谢谢", "知道了")


@dataclass(slots=True)
class Lives:
    """Lets everybody live.

    Attributes:
        visits_a_year: how often a patient books.
        chats: what share of all that is by conversation.
    """

    world: World
    visits_a_year: float = 5.0
    chats: float = 0.15
    rush: float = 1.0
    plans: PlansOfCare = field(init=False)
    _living: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Take the plans of care along."""
        self.plans = PlansOfCare.of(self.world, self.rush)

    def begin(self) -> None:
        """Write down what everybody does first."""
        self.plans.begin()
        self.world.booked = self.visit_booked
        self.world.reacts = self.reacts
        for one in self.world.people:
            for place in range(len(one.patients)):
                self._next_booking(one, place)
            self._now_and_then(one, 2.0, "a question", self._ask)
            self._now_and_then(one, 0.15, "no more messages", self._stop)

    # ---- booking

    def _next_booking(self, one: Someone, place: int) -> None:
        days = self.world.random.expovariate(self.visits_a_year / _YEAR)
        at = at_hour(self.world, self.world.clock.now + timedelta(days=days), 7, 21)
        self.world.agenda.add(at, "a patient books", partial(self._book, one, place))

    def _now_and_then(self, one: Someone, a_year: float, what: str, act: object) -> None:
        days = self.world.random.expovariate(a_year / _YEAR)
        at = at_hour(self.world, self.world.clock.now + timedelta(days=days), 7, 22)

        async def again() -> None:
            self._now_and_then(one, a_year, what, act)
            await act(one)  # type: ignore[operator]

        self.world.agenda.add(at, what, again)

    async def _book(self, one: Someone, place: int) -> None:
        world = self.world
        self._next_booking(one, place)
        if one.patients[place] in world.truth.dead or one.held.now:
            return
        slot = await self._choose()
        if slot is None:
            world.counts["nothing_free"] += 1
        elif world.random.random() < self.chats:
            await self._book_by_chat(one, slot)
        else:
            await self._book_by_hand(one, one.patients[place], slot)

    async def _choose(self) -> FreeSlot | None:
        world = self.world
        doctors = world.parts.facts.doctors
        doctor = world.random.choice(doctors).code
        settings, now = world.parts.settings, world.clock()
        first = now.astimezone(HOME).date() + timedelta(
            days=world.random.choice((0, 1, 2, 4, 5, 7, 9))
        )
        wanted = Wanted(doctors=(doctor,), first=first)
        free = await world.app.engine.read(
            lambda tx: finding.free(tx, wanted, now, settings.booking, HOME, 40)
        )
        return world.random.choice(free) if free else None

    async def _book_by_hand(self, one: Someone, patient_id: int, slot: FreeSlot) -> None:
        bookings, now = self.world.app.booking.bookings, self.world.clock()

        def book(tx: Tx) -> None:
            held = bookings.hold(
                tx, slot.slot_id, one.conversation_id, now, patient_id=patient_id
            )  # fmt: skip
            if isinstance(held, Visit):
                bookings.confirm(tx, held.appointment_id, one.conversation_id, now)

        await self.world.write(book)

    async def _book_by_chat(self, one: Someone, slot: FreeSlot) -> None:
        starts = slot.starts_at.astimezone(HOME)
        part = "上午" if starts.hour < 12 else "下午"
        hour = starts.hour if starts.hour <= 12 else starts.hour - 12
        half = "半" if starts.minute == 30 else f"{starts.minute}分" if starts.minute else ""
        when = f"{starts.month}月{starts.day}日{part}{hour}点{half}"
        first = f"我要挂{slot.clinic.doctor_name}医生{when}的号"
        self.world.counts["chat_bookings"] += 1
        await self._talk(one, first, {"给谁看病": "1", "请核对": "确认", "可以约": "1"})

    async def _talk(self, one: Someone, first: str, replies: dict[str, str]) -> None:
        """Say something, and answer what is asked then as `replies` has it; leave what it has not."""
        world, text, said = self.world, first, set()
        for _ in range(_MOST_TURNS):
            await world.says(one, text)
            heard = "\n".join(worded.text for worded in world.heard[one.number])
            asked = [words for words in replies if words in heard and words not in said]
            if not asked:
                return
            said.add(asked[0])
            text = replies[asked[0]]
            if text == "(digits)":
                found = _DIGITS.findall(heard)
                text = found[-1] if found else "确认取消"
            world.clock.now += timedelta(seconds=8)

    # ---- what becomes of a visit

    def visit_booked(self, visit: VisitTruth) -> None:
        """Draw what she will do with it."""
        world, now = self.world, self.world.clock.now
        if visit.visit_id in self._living:
            return
        self._living.add(visit.visit_id)
        world.counts["visits"] += 1
        one = world.truth.of_patient(visit.patient_id or 0)
        span = (visit.starts_at - now).total_seconds() / 60
        fate = world.random.random()
        some = partial(world.random.uniform, 1.0)
        if fate < 0.12 and span > 60:
            world.later(some(span), "a patient cancels", partial(self._cancel, one, visit))
        elif fate < 0.24 and span > 60:
            world.later(some(span), "a patient moves a visit", partial(self._move, one, visit))
        elif fate < 0.27:
            world.later(
                some(max(span, 2.0)), "the desk cancels", partial(self._desk, visit, Act.CANCEL)
            )
        if world.random.random() < 0.95:
            early = min(span, world.random.choice((0, 10, 30, 50)))
            world.later(span - early, "a patient comes", partial(self._desk, visit, Act.CHECK_IN))
            world.later(span + 25, "a patient was seen", partial(self._desk, visit, Act.DONE))

    async def _desk(self, visit: VisitTruth, act: Act) -> None:
        world = self.world
        why = (
            world.random.choice((Why.ASKED, Why.TWICE, Why.HOSPITAL)) if act is Act.CANCEL else None
        )
        if visit.state.now not in ("booked", "checked_in"):
            return
        at_desk, now = desk(world.app.booking), world.clock()
        await world.write(lambda tx: at_desk.do(tx, visit.visit_id, act, why, now, "simulate"))
        if act is Act.DONE:
            self.plans.seen(visit)

    async def _cancel(self, one: Someone, visit: VisitTruth) -> None:
        world = self.world
        if visit.state.now != "booked":
            return
        if world.random.random() < self.chats and not one.held.now:
            world.counts["chat_cancels"] += 1
            await self._talk(one, "取消预约", {"要取消哪": "1", "要取消这个预约吗": "(digits)"})
            return
        bookings, now = world.app.booking.bookings, world.clock()
        await world.write(lambda tx: bookings.cancel(tx, visit.visit_id, now, actor="patient"))

    async def _move(self, one: Someone, visit: VisitTruth) -> None:
        slot = await self._choose()
        if visit.state.now != "booked" or slot is None:
            return
        bookings, now = self.world.app.booking.bookings, self.world.clock()

        def move(tx: Tx) -> None:
            held = bookings.hold(
                tx, slot.slot_id, one.conversation_id, now, replaces_id=visit.visit_id
            )  # fmt: skip
            if isinstance(held, Visit):
                bookings.confirm(tx, held.appointment_id, one.conversation_id, now)

        self.world.counts["moves"] += 1
        await self.world.write(move)

    # ---- other words

    async def _ask(self, one: Someone) -> None:
        await self.world.says(one, self.world.random.choice(_QUESTIONS))

    async def _stop(self, one: Someone) -> None:
        await self.world.says(one, STOP)
        days = self.world.random.uniform(1, 60)
        back = partial(self.world.says, one, START)
        self.world.later(days * 1440, "messages again", back)

    # ---- answers

    def reacts(self, one: Someone, message_id: int, said: Worded) -> None:
        """Draw whether and how she answers what she was told."""
        del message_id
        random = self.world.random
        asks = said.kind is Kind.REMINDER or (said.kind is Kind.NOTICE and said.buttons)
        if not asks or random.random() > one.answers:
            return
        if said.kind is Kind.NOTICE and random.random() > 0.2:
            return
        minutes = random.choice((1, 2, 5, 15, 40, 90, 600))
        self.world.later(minutes, "a patient answers", partial(self._answer, one, said))

    async def _answer(self, one: Someone, said: Worded) -> None:
        random, world = self.world.random, self.world
        way = random.random()
        if said.buttons and way < 0.6:
            text = random.choices(said.buttons, [7, 1, *[1] * 8][: len(said.buttons)])[0].value
        elif way < 0.8:
            text = random.choice("1112233")
        else:
            text = random.choice(_WORDS)
        world.counts["answers_given"] += 1
        await self._talk(
            one, text, {"要取消这个预约吗": "(digits)", "选一个": "1", "改成这样": "1"}
        )
