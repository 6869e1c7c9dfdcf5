"""One patient, her visits and medicine, and all that can happen to them, looked at after every step."""

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from sqlmodel import col, select

from bot.messages import leases
from bot.reminders.claims import Claimed
from bot.store.db import Tx
from bot.store.reminder_tables import PatientStatus, Reminder, ReminderDecision
from bot.store.tables import Outbox
from scheduler.hours import wall
from tests.helpers.reminding import ZONE, Station

#: What happens: a name, and what it is given.
Event = tuple[Any, ...]

_VISIT = re.compile(r"(t\d+)(?:@\S+ \S+)? (\d\d:\d\d)")
_DOSE = re.compile(r"(m\d+)")
_PEOPLE = count(1)
_UNSENT = ("ready", "leased", "waiting")
_HALF_A_DAY = timedelta(hours=12)


class Hospital:
    """Lets things happen; whatever breaks a promise is an `AssertionError`."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.things: list[int] = []
        self.seen = len(station.push.taken)
        self.slept: list[Claimed] = []
        self.dead = self.stopped = False

    async def open(self) -> None:
        """Let her be there."""
        self.whom = await self.station.person(f"p{next(_PEOPLE)}")

    async def run(self, events: list[Event]) -> None:
        """Let things happen, one after another, until all came to rest."""
        await self.open()
        for event in events:
            await self.step(event)
        await self.close()

    async def step(self, event: Event) -> None:
        """Let one thing happen."""
        what, *with_ = event
        await getattr(self, f"_{what.replace(' ', '_')}")(*with_)
        await self._look()

    async def _plan(self, days: int, hour: int) -> None:
        name, starts = f"t{next(_PEOPLE)}", self._at(days, hour)
        self.things.append(await self.station.add(self.whom, "visit", name, starts=starts))

    async def _prescribe(self, hour: int) -> None:
        """Begin a medicine, tomorrow, twice a day."""
        name, first = f"m{next(_PEOPLE)}", self._at(1, hour)
        self.things.append(
            await self.station.add(self.whom, "medication", name, dose=first, every=_HALF_A_DAY)
        )

    async def _move(self, place: int, days: int, hour: int) -> None:
        for one in self._one(place):
            moment = next(iter(self.station.errands.things[one].moments))
            await self.station.move(one, **{moment: self._at(max(1, days), hour)})

    async def _move_and_forget(self, place: int) -> None:
        """Change a visit, and tell nobody who reminds of it."""
        for one in self._one(place):
            things = self.station.errands.things
            if "starts" in things[one].moments:
                moments = {"starts": self._at(9, 10)}
                things[one] = replace(things[one], version=things[one].version + 1, moments=moments)

    async def _cancel(self, place: int) -> None:
        for one in self._one(place):
            await self.station.cancel(one)

    def _one(self, place: int) -> list[int]:
        """Return one of her things, if there is one that still takes place."""
        things = self.things and [self.things[place % len(self.things)]]
        return [one for one in things if self.station.errands.things[one].over is None]

    async def _die(self) -> None:
        if not self.dead:
            self.dead, now = True, self.station.clock()
            await self.station.keep(
                PatientStatus(patient_id=self.whom[1], died_at=now, updated_at=now)
            )

    async def _opt_out(self) -> None:
        self.stopped = True
        await self.station.change(self.whom[0], opted_out_at=self.station.clock())

    async def _opt_in(self) -> None:
        self.stopped = False
        await self.station.change(self.whom[0], opted_out_at=None)

    async def _staff(self, hold: bool) -> None:
        await self.station.change(self.whom[0], holder="staff" if hold else "bot")

    async def _sweep(self) -> None:
        await self.station.sweep.run()

    async def _store(self) -> None:
        """Let the next reminder be due, and stand in the outbox."""
        if waiting := [row.due_at for row in await self._rows() if row.state == "pending"]:
            self.station.clock.now = max(self.station.clock(), min(waiting))
            await self.station.sweep.run()

    async def _jump(self, minutes: int) -> None:
        self.station.clock.move(minutes=minutes)

    async def _sweeper_dies(self) -> None:
        await self.station.port.claim(10)
        await self.station.port.recover(alone=True)

    async def _sweeper_sleeps(self) -> None:
        """Let one lease what is due next, and be away for so long that others decide about it."""
        if waiting := [row.due_at for row in await self._rows() if row.state == "pending"]:
            self.station.clock.now = max(self.station.clock(), min(waiting))
            self.slept += await self.station.port.claim(10)
            self.station.clock.move(minutes=6)
            await self.station.port.recover()

    async def _sweeper_wakes(self) -> None:
        slept, self.slept = self.slept, []
        if slept:
            assert not await self.station.port.dispatch(slept, alone=False), "decided twice"

    async def _sender_dies(self) -> None:
        station, now = self.station, self.station.clock()
        await station.engine.write(lambda tx: leases.claim(tx, "dead", now, now, 10))
        await station.delivery.recover()

    def _at(self, days: int, hour: int) -> datetime:
        day = wall(self.station.clock(), ZONE).date() + timedelta(days=days)
        return datetime.combine(day, time(hour), ZONE)

    async def _deliver(self) -> None:
        """Send what is due; nothing of it may be stale or come at night."""
        await self.station.deliver()
        taken = self.station.push.taken
        new, self.seen = taken[self.seen :], len(taken)
        for letter in new:
            self._hear(letter.worded.text)

    def _hear(self, text: str) -> None:
        """Check what she was told just now."""
        now, things = self.station.clock(), self.station.errands.things
        names = {thing.values("")["what"]: thing for thing in things.values()}
        assert not self.dead, "told of the dead"
        assert not self.stopped, "told who wants nothing"
        doses, visits = _DOSE.findall(text), _VISIT.findall(text)
        assert doses or visits, text
        for name in doses:
            assert names[name].over is None, "told of what was stopped"
        if visits:
            assert time(8) <= wall(now, ZONE).time() < time(21), "told at night"
        for name, clock in visits:
            assert names[name].over is None, "told of what was cancelled"
            starts = names[name].moments["starts"]
            assert f"{wall(starts, ZONE):%H:%M}" == clock, "told of the old time"
            assert starts > now, "told of what is over"

    async def _look(self) -> None:
        """Check what must be true at any time."""
        things = self.station.errands.things
        rows, messages = await self._rows(), await self._messages()
        back = await self._taken_back()
        for row in rows:
            if row.state != "sent":
                continue
            message = messages[row.outbox_id or 0]
            if message.state != "dropped":
                assert (message.dedupe_key or "").startswith("reminder:"), "could be stored twice"
            if message.state in _UNSENT:
                assert things[row.about_id].over is None, "what was cancelled was not taken back"
        for one in self.things:
            if one not in self.station.errands.every or self.dead:
                continue
            open_ = sum(
                row.about_id == one and row.kind == "dose" and row.state in ("pending", "leased")
                for row in rows
                if row.id not in back  # it waits again, beside the next
            )
            assert open_ == (things[one].over is None), "one next dose, and none of what ended"
        causes = Counter(row.cause for row in rows)
        assert not causes or max(causes.values()) == 1, "planned twice"

    async def close(self) -> None:
        """Let all come to rest, and count."""
        station = self.station
        await self._sweeper_wakes()
        await station.change(self.whom[0], holder="bot")
        for _ in range(8):
            station.clock.move(hours=25)
            await station.sweep.run()
            await self._deliver()
        for one in self.things:
            if one in station.errands.every:
                await self.step(("cancel", self.things.index(one)))
        await station.port.recover(alone=True)
        messages = await self._messages()
        handed = Counter(letter.id for letter in station.push.taken)
        for row in await self._rows():
            assert row.state in ("sent", "skipped"), "lost: it waits for ever"
            if row.state == "sent":
                assert messages[row.outbox_id or 0].state == "sent", "lost: it never left"
                assert handed[row.outbox_id or 0] == 1, "told twice"

    async def _rows(self) -> list[Reminder]:
        return await self.station.engine.read(self._of_hers)

    async def _messages(self) -> dict[int, Outbox]:
        return await self.station.engine.read(self._said)

    async def _taken_back(self) -> set[int]:
        def read(tx: Tx) -> set[int]:
            with tx.session() as session:
                wanted = select(ReminderDecision.reminder_id)
                return set(session.exec(wanted.where(ReminderDecision.decision == "withdrawn")))

        return await self.station.engine.read(read)

    def _of_hers(self, tx: Tx) -> list[Reminder]:
        with tx.session() as session:
            wanted = select(Reminder).where(col(Reminder.about_id).in_(self.things))
            found = list(session.exec(wanted.order_by(col(Reminder.id))))
            session.expunge_all()
            return found

    def _said(self, tx: Tx) -> dict[int, Outbox]:
        with tx.session() as session:
            wanted = select(Outbox).where(Outbox.conversation_id == self.whom[0])
            found = {row.id or 0: row for row in session.exec(wanted)}
            session.expunge_all()
            return found
