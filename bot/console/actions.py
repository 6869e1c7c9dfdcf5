"""What staff do to a conversation: each in one transaction with its audit row and its notice."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import bindparam, select, update

from bot.console import access, conversation, reach
from bot.console.access import Opened
from bot.console.dead_letters import mark_seen
from bot.console.desk import Console, NeedsReason, Problem
from bot.console.guard import Form
from bot.console.sessions import Signed
from bot.errors import BadInput
from bot.handoff import service
from bot.message import MAX_TEXT, Kind, Say
from bot.patients import service as patients
from bot.patients.service import Card
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Outbox
from bot.store.urgent_tables import RedFlag

T = TypeVar("T")

_flag = RedFlag.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]

#: A reply of staff may be as long as a patient's message; it goes in as many messages as it needs.
REPLY_LONGEST = MAX_TEXT
NOTE_LONGEST = 500
REASON_SHORTEST, REASON_LONGEST = 4, 160
CARD_LONGEST = {"name": 60, "phone": 30, "document": 40, "health_note": 2_000}
_CONFLICT = 409
_ONCE = re.compile(r"[A-Za-z0-9_-]{8,40}")

_ACKNOWLEDGE = Hot(
    update(_flag)
    .where(
        _flag.c.conversation_id == bindparam("conversation_id_"),
        _flag.c.id <= bindparam("newest"),
        _flag.c.acknowledged_at.is_(None),
    )
    .values(acknowledged_at=bindparam("acknowledged_at_"), staff_id=bindparam("staff_id_"))
    .returning(_flag.c.id)
)
_SENT_BEFORE = Hot(select(_outbox.c.id).where(_outbox.c.dedupe_key == bindparam("dedupe_key")))

#: Changes one conversation on behalf of one member of staff.
Change = Callable[[Tx, Opened], None]


class Actions:
    """Changes conversations and tells everybody who waits for it.

    Args:
        signed: who acts.
        now: when.
    """

    def __init__(self, console: Console, signed: Signed, now: datetime) -> None:
        self._console = console
        self._signed = signed
        self._now = now

    async def claim(self, conversation_id: int, form: Form) -> None:
        """Take an open case, as it was seen. Raises `BadInput` (409) when somebody was faster."""
        case_id, seen = form.number("case"), form.number("seen")

        def change(tx: Tx, opened: Opened) -> None:
            if opened.case is None or opened.case.case_id != case_id:
                raise Problem("case_gone", _CONFLICT)
            with_name = conversation.holder_of(tx, opened)
            _faster(
                lambda: service.claim(
                    tx,
                    opened.id,
                    staff_id=self._signed.staff_id,
                    seen=seen,
                    actor=self._signed.actor,
                    now=self._now,
                ),
                with_name,
            )
            self._tell(tx, opened, "handoff/claimed", staff=self._signed.display_name)

        try:
            await self._change(conversation_id, change)
        except NeedsReason as exc:
            raise Problem("case_gone", _CONFLICT) from exc

    async def take_over(self, conversation_id: int, _form: Form) -> None:
        """Take a conversation that the bot holds."""

        def change(tx: Tx, opened: Opened) -> None:
            with_name = conversation.holder_of(tx, opened)
            _faster(
                lambda: service.take_over(
                    tx,
                    opened.id,
                    staff_id=self._signed.staff_id,
                    desk="general",
                    actor=self._signed.actor,
                    now=self._now,
                ),
                with_name,
            )
            self._tell(tx, opened, "handoff/claimed", staff=self._signed.display_name)

        await self._change(conversation_id, change)

    async def reply(self, conversation_id: int, form: Form) -> None:
        """Say something to the patient; the same form sent twice says it once."""
        text = form.text("text", REPLY_LONGEST, 1)
        once = form.fields.get("once", "")
        key = f"staff:{self._signed.staff_id}:{once}" if _ONCE.fullmatch(once) else None

        def change(tx: Tx, opened: Opened) -> None:
            limits = self._console.limits(opened.channel, opened.account)
            if key is not None and tx.one(_SENT_BEFORE, dedupe_key=key) is not None:
                return
            if not limits.private and (words := self._console.wording.reveals(text)):
                raise Problem("reveals", word=words[0])
            service.reply(
                tx,
                opened.id,
                text,
                staff_id=self._signed.staff_id,
                actor=self._signed.actor,
                limits=limits,
                now=self._now,
                dedupe_key=key,
            )

        await self._change(conversation_id, change)

    async def give_back(self, conversation_id: int, form: Form) -> None:
        """Let the bot answer again; the patient is told."""
        note = form.text("note", NOTE_LONGEST) or None

        def change(tx: Tx, opened: Opened) -> None:
            service.give_back(
                tx,
                opened.id,
                staff_id=self._signed.staff_id,
                note=note,
                actor=self._signed.actor,
                now=self._now,
            )
            self._tell(tx, opened, "handoff/returned")

        await self._change(conversation_id, change)

    async def acknowledge(self, conversation_id: int, form: Form) -> None:
        """Say that a person has seen the alarms that the page showed; later ones stay open."""
        newest = form.number("flag")

        def change(tx: Tx, opened: Opened) -> None:
            seen = tx.rows(
                _ACKNOWLEDGE,
                conversation_id_=opened.id,
                newest=newest,
                acknowledged_at_=self._now,
                staff_id_=self._signed.staff_id,
            )
            for flag in seen:
                record(
                    tx,
                    self._now,
                    self._signed.actor,
                    "red_flag.acknowledge",
                    opened.id,
                    f"flag {flag.id}",
                )

        await self._change(conversation_id, change)

    async def write_card(self, conversation_id: int, form: Form) -> None:
        """Write the person's card, unless somebody else wrote it meanwhile (409)."""
        fields = {name: form.text(name, longest) for name, longest in CARD_LONGEST.items()}
        prefer = form.fields.get("prefer")

        def change(tx: Tx, opened: Opened) -> None:
            before = conversation.version_of(tx, patients.card(tx, opened.id))
            if form.fields.get("version", before) != before:
                raise Problem("card_changed", _CONFLICT)
            patients.write_card(
                tx, opened.id, Card(**fields), actor=self._signed.actor, now=self._now
            )
            if prefer is not None:
                reach.prefer(tx, opened.id, prefer, self._signed.actor, self._now)

        await self._change(conversation_id, change)

    async def break_glass(self, conversation_id: int, form: Form) -> None:
        """Open a conversation that is in nobody's queue, for a stated reason."""
        reason = form.text("reason", REASON_LONGEST, REASON_SHORTEST)
        await self._console.engine.write(
            lambda tx: access.break_glass(tx, conversation_id, reason, self._signed, self._now)
        )
        self._console.feed.said(conversation_id)

    async def seen(self, conversation_id: int, form: Form) -> None:
        """Take a message that did not arrive off the list; it shows nothing, so no case is needed."""
        side, message_id = form.fields.get("side", ""), form.number("message")

        def op(tx: Tx) -> None:
            mark_seen(tx, conversation_id, side, message_id, self._signed, self._now)

        await self._console.engine.write(op)
        self._console.feed.said(conversation_id)

    async def _change(self, conversation_id: int, change: Change) -> None:
        def op(tx: Tx) -> None:
            change(
                tx,
                access.enter(tx, conversation_id, self._signed, self._now, self._console.language),
            )

        await self._console.engine.write(op)
        self._console.wake()
        self._console.feed.said(conversation_id)

    def _tell(self, tx: Tx, opened: Opened, name: str, **values: object) -> None:
        """Tell the patient what happens, in the language of the conversation."""
        limits = self._console.limits(opened.channel, opened.account)
        lang = opened.session.lang
        facts = {
            "h": self._console.hospital.info(lang),
            "today": self._now.astimezone(self._console.zone).date(),
        }
        worded = self._console.wording.word(
            Say(name, Kind.NOTICE, values),
            lang,
            limits,
            facts,
            traditional=opened.session.traditional,
        )
        service.notice(tx, opened.id, worded, limits=limits, now=self._now)


def _faster(take: Callable[[], None], holder: str | None) -> None:
    """Take something; where a colleague was faster, say who."""
    try:
        take()
    except BadInput as exc:
        if exc.status == _CONFLICT and holder is not None:
            raise Problem("colleague_faster", _CONFLICT, staff=holder) from exc
        raise
