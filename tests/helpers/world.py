"""The named cast: one hospital, four patients, two nurses and a supervisor, on the whole application.

The hospital is the demonstration hospital. Patients write through the chat page's own HTTP interface,
or by text message: a channel that pushes and has digits in place of buttons; or by channels with the
limits of WeChat and Telegram. Staff act through the console's own actions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import httpx

from bot.app import App
from bot.appointments.model import Visit
from bot.channels.base import HookAnswer, HookRequest, Limits
from bot.channels.telegram import TEXT, Telegram, units
from bot.channels.wechat import MAX_BYTES
from bot.console.actions import Actions
from bot.console.desk import Console
from bot.console.guard import Form
from bot.console.sessions import Signed
from bot.handoff import service as handoff
from bot.message import Address, Button, Inbound, Kind, Outbound, Sent, Worded, clean_text
from bot.messages import history
from bot.store.db import Tx
from bot.store.tables import Staff
from tests.helpers.booking import add_clinic, add_patient
from tests.helpers.hospital_side import HospitalSide

#: How many batches of deliveries are looked for at most before something is wrong.
_MOST_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody who writes to the hospital; on text messages, from her phone."""

    name: str
    about: str
    phone: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who answers for the hospital."""

    username: str
    name: str
    role: str = "agent"


PATIENTS: Mapping[str, Patient] = {
    patient.name: patient
    for patient in (
        Patient("赵大爷", "an old man who writes as he speaks, in dialect", "+8613800138001"),
        Patient("孙妈妈", "a mother who asks for her child", "+8613800138002"),
        Patient("Ms Carter", "speaks English only", "+8613800138003"),
        Patient("小林", "a young office worker, short of time", "+8613800138004"),
    )
}
STAFF: Mapping[str, Colleague] = {
    colleague.name: colleague
    for colleague in (
        Colleague("li", "李护士"),
        Colleague("wang", "王护士"),
        Colleague("chen", "陈主任", "supervisor"),
    )
}


class TextMessages:
    """A channel that pushes and has no buttons, as a phone's text messages: what a patient there sees.

    Attributes:
        sent: everything handed to it, in order.
        errors: raised by the next sends, one each, before anything is taken.
    """

    name = "text"
    limits = Limits(text=4_000, buttons=0, pull=False, private=False)

    def __init__(self) -> None:
        self.sent: list[Outbound] = []
        self.errors: list[Exception] = []
        self._count = 0

    def verify(self, request: HookRequest) -> str:
        return request.query.get("from", "")

    def parse(self, request: HookRequest, user: str) -> list[Inbound]:
        self._count += 1
        address = Address(self.name, request.account, user)
        text = clean_text(request.body.decode("utf-8", "replace"))
        return [Inbound(address, f"{user}:{self._count}", text)]

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        return HookAnswer()

    async def send(self, letter: Outbound) -> Sent:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(letter)
        return Sent(str(letter.id))


class WechatMessages(TextMessages):
    """A channel as WeChat's official accounts are: no buttons, all of a turn as one short message."""

    name = "wechat"
    limits = Limits(text=MAX_BYTES, measure=lambda text: len(text.encode()), join=True)


class TelegramMessages(TextMessages):
    """A channel as Telegram is: eight buttons."""

    name = "telegram"
    limits = Limits(text=TEXT, measure=units, buttons=Telegram.limits.buttons)


class Moving(Protocol):
    """A clock that tests move."""

    now: datetime

    def __call__(self) -> datetime: ...


class World:
    """The hospital at work, at one moment.

    Args:
        app: the whole application; `text` is one of its channels.
        clock: the application's own.

    Attributes:
        side: what the hospital does that nobody asked for.
    """

    def __init__(
        self, app: App, http: httpx.AsyncClient, clock: Moving, text: TextMessages
    ) -> None:
        self.app = app
        self.clock = clock
        self._http = http
        self._pushes = {one.name: one for one in (text, WechatMessages(), TelegramMessages())}
        self._pages: dict[str, ChatPage] = {}
        self._read: dict[tuple[str, str], int] = {}
        self._desk = Desk(app, clock)
        self.side = HospitalSide(app)

    async def says(self, patient: Patient, channel: str, words: str) -> list[Worded]:
        """Let a patient write; return what she was answered by now."""
        if channel in self._pushes:
            pushes = self._opened(channel)
            (inbound,) = pushes.parse(HookRequest("main", words.encode()), patient.phone)
            accepted = await self.app.turns.accept(inbound)
            await self.app.turns.answer(accepted, inbound.text)
            return await self.hears(patient, channel)
        return await (await self._page(patient)).post(words)

    async def hears(self, patient: Patient, channel: str) -> list[Worded]:
        """Return what a patient was told since she last looked."""
        if channel not in self._pushes:
            return await (await self._page(patient)).news()
        for _ in range(_MOST_BATCHES):
            if not await self.app.delivery.drain():
                break
        sent = self._pushes[channel].sent
        mine = [letter.worded for letter in sent if letter.address.user == patient.phone]
        seen = self._read.get((channel, patient.name), 0)
        self._read[channel, patient.name] = len(mine)
        return mine[seen:]

    def joins(self, channel: str) -> bool:
        """Say whether all that one turn says comes as one message there."""
        return channel in self._pushes and self._pushes[channel].limits.join

    def leave(self) -> None:
        """Close the accounts that were opened beside the application's own."""
        for name, pushes in self._pushes.items():
            if name != TextMessages.name and self.app.channels.get(name) is pushes:
                del self.app.channels[name]

    def _opened(self, channel: str) -> TextMessages:
        """Return a channel that pushes; one that the application does not have joins it now."""
        return self.app.channels.setdefault(channel, self._pushes[channel])  # type: ignore[return-value]

    async def code_of(self, patient: Patient) -> str:
        """Return the newest one-time code that a patient's phone was sent."""
        while await self.app.delivery.drain():
            pass
        sent = (
            letter
            for letter in reversed(self._pushes[TextMessages.name].sent)
            if letter.address.user == patient.phone
        )
        templates = (letter.worded.template for letter in sent)
        return next(t.values["code"] for t in templates if t is not None)

    async def books(self, patient: Patient, channel: str, name: str, *days: str) -> None:
        """Let somebody be booked with Dr Li on the first of `days`, who is in on all of them."""
        address, now, bookings = (
            self.address(patient, channel), self.clock(), self.app.booking.bookings,
        )  # fmt: skip

        def book(tx: Tx) -> None:
            conversation_id = history.conversation_of(tx, address)
            assert conversation_id is not None, "this patient never wrote"
            slots = [
                add_clinic(tx, date.fromisoformat(day), slots=3, doctor_name="李明远",
                           doctor_name_en="Li Mingyuan")[1]
                for day in days
            ]  # fmt: skip
            patient_id = add_patient(tx, name, now, conversation_id)
            held = bookings.hold(tx, slots[0][0], conversation_id, now, patient_id=patient_id)
            assert isinstance(held, Visit), held
            sure = bookings.confirm(tx, held.appointment_id, conversation_id, now)
            assert isinstance(sure, Visit), sure

        await self.app.engine.write(book)

    async def claims(self, colleague: Colleague, patient: Patient, channel: str) -> None:
        """Let a member of staff take a patient's open case."""
        await self._desk.claims(colleague, self.address(patient, channel))

    async def takes_over(self, colleague: Colleague, patient: Patient, channel: str) -> None:
        """Let a member of staff take a conversation that the bot holds."""
        await self._desk.takes_over(colleague, self.address(patient, channel))

    async def replies(
        self, colleague: Colleague, patient: Patient, channel: str, words: str
    ) -> None:
        """Let a member of staff write to a patient."""
        await self._desk.replies(colleague, self.address(patient, channel), words)

    async def gives_back(self, colleague: Colleague, patient: Patient, channel: str) -> None:
        """Let a member of staff give the conversation back to the bot."""
        await self._desk.gives_back(colleague, self.address(patient, channel))

    async def _page(self, patient: Patient) -> "ChatPage":
        if patient.name not in self._pages:
            self._pages[patient.name] = await ChatPage.open(self._http)
        return self._pages[patient.name]

    def address(self, patient: Patient, channel: str) -> Address:
        """Return where a patient writes from on a channel."""
        if channel in self._pushes:
            return Address(channel, "main", patient.phone)
        return Address(channel, "main", self._pages[patient.name].user)


@dataclass(slots=True)
class ChatPage:
    """The hospital's chat page in somebody's browser."""

    http: httpx.AsyncClient
    token: str
    sent: int = 0
    seen: int = 0

    @classmethod
    async def open(cls, http: httpx.AsyncClient) -> "ChatPage":
        """Open the page: a new visitor."""
        return cls(http, (await http.post("/webchat/sessions")).json()["token"])

    @property
    def user(self) -> str:
        """The visitor's address."""
        return self.token.rpartition(".")[0]

    @property
    def headers(self) -> dict[str, str]:
        """What every request of this page carries."""
        return {"Authorization": f"Bearer {self.token}"}

    async def post(self, words: str) -> list[Worded]:
        """Say something; what the answer holds must be what the page would read afterwards."""
        self.sent += 1
        body = {"id": f"m{self.sent}", "text": words}
        answer = await self.http.post("/webchat/messages", json=body, headers=self.headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        replies = [_worded(reply) for reply in answer.json()["replies"]]
        assert await self.news() == replies, "the page reads something else than it was answered"
        return replies

    async def news(self) -> list[Worded]:
        """Return what was said to this visitor since the page last looked."""
        answer = await self.http.get(f"/webchat/messages?after={self.seen}", headers=self.headers)
        replies = answer.json()["replies"]
        self.seen = max([self.seen, *(int(reply["id"]) for reply in replies)])
        return [_worded(reply) for reply in replies]


@dataclass(slots=True)
class Desk:
    """The staff's side, through the console's own actions."""

    app: App
    clock: Moving
    _known: dict[str, Signed] = field(default_factory=dict)

    async def claims(self, colleague: Colleague, address: Address) -> None:
        actions, conversation_id = await self._at(colleague, address)
        case = await self.app.engine.read(lambda tx: handoff.live(tx, conversation_id))
        assert case is not None, "nobody waits for a person here"
        form = Form({"case": str(case.case_id), "seen": str(case.token)})
        await actions.claim(conversation_id, form)

    async def takes_over(self, colleague: Colleague, address: Address) -> None:
        actions, conversation_id = await self._at(colleague, address)
        await actions.take_over(conversation_id, Form({}))

    async def replies(self, colleague: Colleague, address: Address, words: str) -> None:
        actions, conversation_id = await self._at(colleague, address)
        await actions.reply(conversation_id, Form({"text": words}))

    async def gives_back(self, colleague: Colleague, address: Address) -> None:
        actions, conversation_id = await self._at(colleague, address)
        await actions.give_back(conversation_id, Form({}))

    async def _at(self, colleague: Colleague, address: Address) -> tuple[Actions, int]:
        found = await self.app.engine.read(lambda tx: history.conversation_of(tx, address))
        assert found is not None, "this patient never wrote"
        return Actions(self._console(), await self._signed(colleague), self.clock()), found

    async def _signed(self, colleague: Colleague) -> Signed:
        if colleague.username not in self._known:
            now = self.clock()
            staff_id = await self.app.engine.write(lambda tx: _employ(tx, colleague, now))
            self._known[colleague.username] = Signed(
                1, staff_id, colleague.username, colleague.name, colleague.role, now, "csrf"
            )
        return self._known[colleague.username]

    def _console(self) -> Console:
        app = self.app
        return Console(
            app.engine, app.channels, app.wording, app.hospital, app.feed, app.delivery.wake,
            self.clock, None, app.settings.templates / "console", app.settings.hospital.language,  # type: ignore[arg-type]
        )  # fmt: skip


def _employ(tx: Tx, colleague: Colleague, now: datetime) -> int:
    """Let somebody work here without a password: hashing one would take longer than the test."""
    with tx.session() as session:
        staff = Staff(
            username=colleague.username,
            display_name=colleague.name,
            role=colleague.role,
            password_hash="none",
            created_at=now,
        )
        session.add(staff)
        session.flush()
        assert staff.id is not None
        return staff.id


def _worded(reply: Mapping[str, Any]) -> Worded:
    buttons = tuple(Button(button["label"], button["value"]) for button in reply["buttons"])
    return Worded(reply["text"], Kind(reply["kind"]), buttons)


def next_time(now: datetime, hour: int, minute: int, weekday: int | None) -> datetime:
    """Return the next instant after `now` at this wall-clock time, on this day of the week if given."""
    local = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    while local <= now or (weekday is not None and local.weekday() != weekday):
        local += timedelta(days=1)
    return local
