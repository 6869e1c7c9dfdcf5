"""Deciding at the second of sending, from live state, and storing what is said: all in one transaction.

A reminder that is due becomes `sent` with a message in the outbox, `skipped` with its reason, or waits
again. What happens to a thing takes its reminders back in that same moment, so nothing that was read
here can be stale when it is stored: rows are kept from the look until the commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select

from bot.dialogue.notices import Notices
from bot.reminders import claims, digest, records, rows, tasks
from bot.reminders.claims import Claimed
from bot.reminders.digest import Telling
from bot.reminders.kinds import NEXT_CHANNEL, STAFF, Kind, Kinds
from bot.reminders.known import Known
from bot.reminders.live import Lives
from bot.reminders.looked import Counts, Decided, Looked, Said
from bot.reminders.model import Due, Subject, Thing
from bot.reminders.recipients import Recipient, Recipients
from bot.reminders.repeating import Origin, Repeating
from bot.reminders.rows import DUE, reminder
from bot.store import many
from bot.store.db import Tx
from bot.store.statements import Hot
from scheduler.hours import day_ends
from scheduler.reminders import Defer, Live, Reason, Send, Skip, Tier, decide

_SOON = Hot(
    select(*DUE)
    .where(
        many.among(reminder.c.conversation_id),
        reminder.c.state == "pending",
        reminder.c.due_at <= bindparam("until"),
    )
    .order_by(reminder.c.due_at, reminder.c.id)
    .with_for_update(skip_locked=True)
)

#: Why staff hear of a reminder that came to nothing, where much depends on it.
_ASKS = {
    Reason.UNREACHABLE: "unreachable",
    Reason.NOBODY: "nobody",
    Reason.TOO_LATE: "too_late",
    Reason.HELD: "too_late",
}


@dataclass(frozen=True, slots=True)
class Sending:
    """Decides, and stores what is said.

    Attributes:
        subjects: who owns what reminders are about, by `Due.about`.
    """

    kinds: Kinds
    subjects: Mapping[str, Subject]
    recipients: Recipients
    lives: Lives
    repeating: Repeating
    notices: Notices

    def dispatch(
        self,
        tx: Tx,
        owner: str,
        claimed: Sequence[Claimed],
        now: datetime,
        *,
        alone: bool = False,
    ) -> Counts:
        """Decide about leased reminders; those that went to somebody else meanwhile are left to them.

        Args:
            alone: nothing else is said with them, for one of the others may be what failed.
        """
        counts, known = Counts(), Known()
        dues = claims.held(tx, owner, claimed)
        known.read(
            tx,
            {due.conversation_id for due in dues if due.conversation_id is not None},
            {due.patient_id for due in dues if due.patient_id is not None},
        )
        known.keep({one.conversation_id for one in claimed if one.conversation_id is not None})
        self._read_things(tx, dues, now, known)
        looked = [self.look(tx, due, now, known) for due in dues]
        going: dict[int, Looked] = {}
        for one in looked:
            if isinstance(one.decided, Send):
                going[one.due.id] = one
            else:
                self.put_off(tx, one, now, counts)
        tellings, overtaken = digest.newest([_telling(one) for one in going.values()])
        for old in overtaken:
            self._skip(tx, going[old.due.id], Reason.NEWER, now, counts)
        soon = {} if alone else self._soon(tx, tellings, going, now)
        heard: set[int] = set()
        said: list[Said] = []
        for message in digest.messages(tellings):
            goes = message
            if heard.intersection(message[0].told.hers):  # what was said just now counts
                self._write_down(tx, said, now, known, counts)
                goes = self._again(tx, message, going, now, known, counts)
            if goes:
                heard.update(goes[0].told.hers)
                whole = self._with_the_day(tx, goes, going, soon, now, known)
                said.append(self._say(tx, whole, going, now, known, counts))
        self._write_down(tx, said, now, known, counts)
        return counts

    def _again(
        self,
        tx: Tx,
        message: Sequence[Telling],
        going: dict[int, Looked],
        now: datetime,
        known: Known,
        counts: Counts,
    ) -> list[Telling]:
        """Return what of a message still goes after another one went to the same person."""
        goes = []
        for telling in message:
            one = going[telling.due.id] = self.look(tx, telling.due, now, known)
            if isinstance(one.decided, Send):
                goes.append(_telling(one))
            else:
                self.put_off(tx, one, now, counts)
        return goes

    def look(
        self, tx: Tx, due: Due, now: datetime, known: Known, *, message: int | None = None
    ) -> Looked:
        """Return what is true of a reminder now, and what is to be done with it.

        Args:
            message: the message that says it already, where it stands in the outbox.
        """
        kind = self.kinds.get(due.kind)
        origin = self.repeating.origin(tx, due, kind)
        if origin is not None and due.kind in (STAFF, NEXT_CHANNEL):
            kind = self.kinds.get(origin.due.kind)
        subject = self.subjects.get(due.about)
        thing = self._thing(tx, subject, due, now, known)
        if kind is None:  # the file has it no more
            stopped = Skip(Reason.STOPPED)
            return Looked(due, None, subject, thing, None, origin, stopped, self.lives.zone)
        over = self._over(tx, due, subject, thing, origin, now)
        told = self._told(tx, due, kind, thing, origin, now, known, message)
        live = self.lives.of(tx, due, kind, thing, over, told, now, known, but=message)
        decided = self._decide(due, kind, live, now)
        return Looked(due, kind, subject, thing, told, origin, decided, live.zone)

    def _read_things(self, tx: Tx, dues: Sequence[Due], now: datetime, known: Known) -> None:
        """Look at all that these reminders are about, a domain at a time."""
        ids: dict[str, set[int]] = {}
        for due in dues:
            ids.setdefault(due.about, set()).add(due.about_id)
        for about, of_about in ids.items():
            if (subject := self.subjects.get(about)) is not None:
                found = subject.look_all(tx, of_about, now)
                known.things |= {(about, one): found.get(one) for one in of_about}

    def _thing(
        self, tx: Tx, subject: Subject | None, due: Due, now: datetime, known: Known
    ) -> Thing | None:
        if subject is None:
            return None
        about = due.about, due.about_id
        if about not in known.things:
            known.things[about] = subject.look(tx, due.about_id, now)
        return known.things[about]

    def _decide(self, due: Due, kind: Kind, live: Live, now: datetime) -> Decided:
        """Staff are asked at any hour, wherever she can be reached; she is told by the rules."""
        if due.kind == STAFF:
            return Skip(live.over or (Reason.DEAD if live.dead else Reason.TO_STAFF))
        if due.kind == NEXT_CHANNEL and live.nobody and live.over is None:
            return Skip(Reason.TO_STAFF)
        return decide(kind.rule, live, self.kinds.budget, now)

    def _over(
        self,
        tx: Tx,
        due: Due,
        subject: Subject | None,
        thing: Thing | None,
        origin: Origin | None,
        now: datetime,
    ) -> Reason | None:
        if subject is None or thing is None:
            return Reason.GONE
        if thing.over is not None:
            return thing.over
        if due.about_version != thing.version:
            return Reason.MOVED
        if origin is not None and origin.over is not None:
            return origin.over
        asked = origin.due if origin is not None and self.kinds.get(due.kind) is None else due
        return subject.state_of(tx, asked, thing, now)

    def _told(
        self,
        tx: Tx,
        due: Due,
        kind: Kind,
        thing: Thing | None,
        origin: Origin | None,
        now: datetime,
        known: Known,
        message: int | None,
    ) -> Recipient | None:
        if thing is None:
            return None
        if message is not None and due.conversation_id is not None:
            found = self.recipients.of(tx, thing, kind, now, known)
            if found is None or due.conversation_id not in found.hers:
                return None  # she may not be told any more
            return self.recipients.at(tx, due.conversation_id, known)
        if origin is not None and due.kind == NEXT_CHANNEL:
            beside = origin.due.conversation_id
            return self.recipients.of(tx, thing, kind, now, known, beside=beside)
        return self.recipients.of(tx, thing, kind, now, known)

    def put_off(
        self, tx: Tx, one: Looked, now: datetime, counts: Counts, *, was_said: bool = False
    ) -> None:
        """Write down that a reminder does not go, or not now.

        Args:
            was_said: it was taken back: what comes after it is planned already.
        """
        if isinstance(one.decided, Defer):
            until, reason = one.decided.until, one.decided.reason
            records.later(tx, one.due, until, reason, now)
            counts.add(one.due.kind, "deferred", reason.value)
        elif isinstance(one.decided, Skip):
            self._skip(tx, one, one.decided.reason, now, counts, was_said=was_said)

    def _skip(
        self,
        tx: Tx,
        one: Looked,
        reason: Reason,
        now: datetime,
        counts: Counts,
        *,
        was_said: bool = False,
    ) -> None:
        records.skipped(tx, one.due, reason, self.kinds.version, now)
        counts.add(one.due.kind, "skipped", reason.value)
        if reason is Reason.TO_STAFF and one.kind is not None:
            asked = one.origin.due if one.origin is not None else one.due
            tasks.ask_about(tx, asked, "unanswered", now)
        elif one.kind is not None and one.kind.rule.tier is Tier.NEEDED and reason in _ASKS:
            tasks.ask_about(tx, one.due, _ASKS[reason], now)
        if reason not in (Reason.DEAD, Reason.MOVED) and not was_said:
            self._next(tx, one, now)

    def _next(self, tx: Tx, one: Looked, now: datetime) -> None:
        if one.subject is None or one.thing is None or one.kind is None:
            return
        if one.due.kind == one.kind.key:
            self.repeating.next(tx, one.subject, one.due, one.kind, one.thing, now)

    def _say(
        self,
        tx: Tx,
        message: Sequence[Telling],
        by_id: Mapping[int, Looked],
        now: datetime,
        known: Known,
        counts: Counts,
    ) -> Said:
        """Word one message with all that it says."""
        lead, conversation_id = message[0].due, message[0].told.conversation_id
        letter = self.notices.word(
            tx,
            conversation_id,
            partial(digest.say, message, self.notices.wording),
            now,
            until=digest.open_until(message, now),
            dedupe_key=f"reminder:{lead.id}",
            expires_at=digest.expires(message),
            elsewhere=len(message[0].told.hers) > 1,
            home=known.homes.pop(conversation_id, None),
            ahead=message[0].kind.rule.tier is Tier.SAFETY,
        )
        if letter is None:
            raise ValueError("a reminder is always worded")
        for telling in message:
            counts.add(telling.due.kind, "sent")
            counts.lags.append(max(0.0, (now - telling.due.due_at).total_seconds()))
        return Said([by_id[one.due.id] for one in message], message, letter)

    def _write_down(
        self, tx: Tx, said: list[Said], now: datetime, known: Known, counts: Counts
    ) -> None:
        """Store what is said, note it, and plan what comes after it; `said` is empty then."""
        known.homes.clear()  # whoever takes note may say something too
        stored = self.notices.store(tx, [one.letter for one in said], now)
        rows_ = [
            (telling.due, one.letter.conversation_id, outbox_id)
            for one, outbox_id in zip(said, stored, strict=True)
            for telling in one.tellings
        ]
        records.sent(tx, rows_, self.kinds.version, now)
        for one, outbox_id in zip(said, stored, strict=True):
            counts.stored[outbox_id] = one.letter.parts[-1]
            for looked, telling in zip(one.looked, one.tellings, strict=True):
                self._follow(tx, looked, telling, outbox_id, now, known)
        said.clear()

    def _follow(
        self, tx: Tx, looked: Looked, telling: Telling, outbox_id: int, now: datetime, known: Known
    ) -> None:
        """Let a thing take note that it was told of, and plan what comes then."""
        due = telling.due
        known.things.pop((due.about, due.about_id), None)  # it takes note
        if looked.subject is not None:
            looked.subject.told(tx, due, telling.thing, outbox_id, now)
        if due.kind == telling.kind.key:
            self.repeating.follow(tx, due, telling.kind, telling.thing, now)
        self._next(tx, looked, now)

    def _soon(
        self, tx: Tx, tellings: Sequence[Telling], going: Mapping[int, Looked], now: datetime
    ) -> dict[int, list[Due]]:
        """Return what else waits in the conversations that are told something, until their day ends."""
        ids = {one for telling in tellings for one in telling.told.hers}
        if not ids:
            return {}
        until = max(day_ends(now, zone) for zone in {one.zone for one in going.values()})
        found: dict[int, list[Due]] = {}
        for row in many.rows(tx, _SOON, sorted(ids), until=until):
            found.setdefault(row.conversation_id, []).append(rows.due_of(row))
        return found

    def _with_the_day(
        self,
        tx: Tx,
        message: list[Telling],
        by_id: dict[int, Looked],
        soon: Mapping[int, list[Due]],
        now: datetime,
        known: Known,
    ) -> list[Telling]:
        """Return a message with all else that she would be told this day, as far as it goes now."""
        told, pulled = message[0].told, []
        waits = [due for one in told.hers for due in soon.get(one, ()) if due.id not in by_id]
        if not waits or len(message) >= digest.MOST:
            return message
        until = day_ends(now, by_id[message[0].due.id].zone)
        for due in waits:
            kind = self.kinds.get(due.kind)
            if kind is None or due.due_at > until:
                continue
            if not digest.joins(kind, message, due.due_at, now):
                continue
            one = self.look(tx, due, now, known)
            if not isinstance(one.decided, Send) or one.told is None:
                continue
            if one.told.conversation_id == told.conversation_id:
                by_id[due.id] = one
                pulled.append(_telling(one))
        said = {one.rival for one in message}
        fresh, _ = digest.newest([one for one in pulled if one.rival not in said])
        whole = [*message, *fresh[: digest.MOST - len(message)]]
        return sorted(whole, key=lambda one: (one.due.occurs_at, one.due.id))


def _telling(one: Looked) -> Telling:
    if one.kind is None or one.thing is None or one.told is None:
        raise ValueError("nothing goes that is not known, or to nobody")
    return Telling(one.due, one.kind, one.thing, one.told)


def failed(tx: Tx, claimed: Claimed, owner: str, again_at: Any, now: datetime) -> bool:
    """Note that deciding about a reminder raised; return whether it is given up.

    Args:
        again_at: for how many failures so far → when to try again, None to give up.
    """
    found = claims.held(tx, owner, [claimed])
    if not found:
        return False
    due = found[0]
    until = again_at(records.failures(tx, due.id) + 1)
    if until is not None:
        records.failed(tx, due, until, now)
        return False
    records.skipped(tx, due, Reason.FAILED, "", now)
    tasks.ask_about(tx, due, "unreachable", now)
    return True
