"""Receipts: what platforms say became of our messages, each kept once.

They come late, twice, out of order, and even before the send's own result is recorded; `late` finds
the message of those. A row's progress only moves forward. A message that a receipt declares lost goes
back to the outbox as ready: at the instant of sending it fails there like any other, and another
channel may take its place. An address where two messages running never arrived is not written to any
more until somebody writes from there (RM-06).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO NOTHING

from bot.message import Address, Progress, Receipt
from bot.messages import windows
from bot.messages.progress import LOST, forward
from bot.store import many
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, DeliveryReceipt, Inbox, Outbox

_receipt = DeliveryReceipt.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_inbox = Inbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_STORE = Hot(
    insert(_receipt)
    .values(
        channel=bindparam("channel"),
        account=bindparam("account"),
        reference=bindparam("reference"),
        part=bindparam("part"),
        progress=bindparam("progress"),
        code=bindparam("code"),
        outbox_id=bindparam("outbox_id"),
        at=bindparam("at"),
    )
    .on_conflict_do_nothing()
    .returning(_receipt.c.id)
)
_FOUND = (
    select(_outbox.c.id, _outbox.c.state, _outbox.c.progress)
    .join_from(_outbox, _conversation)
    .where(
        _conversation.c.channel == bindparam("channel"),
        _conversation.c.account == bindparam("account"),
    )
    .with_for_update(of=_outbox)
)
_BY_ID = Hot(_FOUND.where(_outbox.c.id == bindparam("outbox_id")))
_BY_PROVIDER = Hot(_FOUND.where(_outbox.c.provider_id == bindparam("provider_id")))
_PROGRESS = Hot(
    update(_outbox)
    .where(_outbox.c.id == bindparam("outbox_id"))
    .values(progress=bindparam("progress_"))
)
_STATE = Hot(
    update(_outbox)
    .where(_outbox.c.id == bindparam("outbox_id"))
    .values(
        state=bindparam("state_"),
        due_at=bindparam("due_at_"),
        sent_at=func.coalesce(_outbox.c.sent_at, bindparam("sent_at_")),
        error=bindparam("error_"),
        lease_until=None,
    )
)
_UNMATCHED = Hot(
    select(
        _receipt.c.id,
        _receipt.c.channel,
        _receipt.c.account,
        _receipt.c.reference,
        _receipt.c.progress,
        _receipt.c.code,
    )
    .where(_receipt.c.outbox_id.is_(None), _receipt.c.at > bindparam("since"))
    .order_by(_receipt.c.at.desc())
    .limit(bindparam("limit"))
)
_EARLY = Hot(
    select(_receipt.c.id, _receipt.c.progress, _receipt.c.code, _receipt.c.outbox_id)
    .where(
        _receipt.c.channel == bindparam("channel"),
        _receipt.c.account == bindparam("account"),
        _receipt.c.reference == bindparam("reference"),
    )
    .order_by(_receipt.c.id)
)
_EARLY_ONES = Hot(
    select(_receipt.c.reference).where(
        many.among(_receipt.c.reference),
        _receipt.c.channel == bindparam("channel"),
        _receipt.c.account == bindparam("account"),
        _receipt.c.outbox_id.is_(None),
    )
)
_MATCHED = Hot(
    update(_receipt)
    .where(_receipt.c.id == bindparam("receipt_id"))
    .values(outbox_id=bindparam("outbox_id_"))
)
_ROW = Hot(
    select(_outbox.c.id, _outbox.c.state, _outbox.c.progress).where(
        _outbox.c.id == bindparam("outbox_id")
    )
)

_home = _outbox.alias("home")
#: The last ends that a conversation's messages came to, at different times, since somebody wrote there.
_LAST_ENDS = Hot(
    select(func.min(_outbox.c.progress).label("best"), _home.c.conversation_id)
    .join_from(_home, _outbox, _outbox.c.conversation_id == _home.c.conversation_id)
    .where(
        _home.c.id == bindparam("outbox_id"),
        or_(
            _outbox.c.progress == Progress.DELIVERED.value,
            _outbox.c.progress == Progress.UNDELIVERED.value,
        ),
        _outbox.c.seq
        > select(func.coalesce(func.max(_inbox.c.seq), 0))
        .where(_inbox.c.conversation_id == _home.c.conversation_id)
        .scalar_subquery(),
    )
    .group_by(_home.c.conversation_id, _outbox.c.created_at)
    .order_by(_outbox.c.created_at.desc())
    .limit(bindparam("running"))
)

#: What others sent by the same account is told to us, too.
_FORGET = Hot(
    delete(_receipt).where(_receipt.c.outbox_id.is_(None), _receipt.c.at <= bindparam("before"))
)

#: A receipt of nothing we know is looked at again for so long, and kept for so long.
_LATE, _KEPT = timedelta(hours=1), timedelta(days=7)
_BATCH = 200
#: So many messages running that never arrived end the use of an address.
_BOUNCES = 2
PROVIDER_ID_LENGTH = 120
_REFERENCE_LENGTH, _CODE_LENGTH = 140, 80
_LAST_ID = 2**62
#: States that a bad receipt ends, and those that a good one does: `_advance`.
_CAN_BE_LOST = frozenset({"sent", "unknown"})
_CAN_BE_SENT = frozenset({"unknown", "failed", "ready", "waiting"})


def record(tx: Tx, receipt: Receipt, now: datetime) -> bool:
    """Store a receipt and move its message forward; False where it was stored before.

    One that names no message is of nothing we sent, and is not stored.
    """
    if not receipt.message_id and not receipt.provider_id:
        return False
    row = _message(tx, receipt)
    stored = tx.one(
        _STORE,
        channel=receipt.channel,
        account=receipt.account,
        reference=_reference(receipt.message_id, receipt.provider_id),
        part=receipt.part,
        progress=receipt.progress.value,
        code=receipt.code[:_CODE_LENGTH] or None,
        outbox_id=row.id if row else None,
        at=now,
    )
    if stored is None:
        return False
    if row is not None:
        _advance(tx, row, receipt.progress, receipt.code, now)
    return True


def match_early(
    tx: Tx, outbox_id: int, channel: str, account: str, provider_id: str, now: datetime
) -> None:
    """Apply the receipts that came before the send that gave `provider_id` was recorded."""
    reference = _reference(0, provider_id)
    for receipt in tx.rows(_EARLY, channel=channel, account=account, reference=reference):
        if receipt.outbox_id is None:
            _match(tx, receipt, tx.one(_ROW, outbox_id=outbox_id), now)


def match_all_early(tx: Tx, sent: Sequence[tuple[int, Address, str, datetime]]) -> None:
    """Do as `match_early` for several messages: (id, address, the platform's id, when)."""
    accounts: dict[tuple[str, str], dict[str, tuple[int, str, datetime]]] = {}
    for outbox_id, address, provider_id, at in sent:
        of_account = accounts.setdefault((address.channel, address.account), {})
        of_account[_reference(0, provider_id)] = outbox_id, provider_id, at
    for (channel, account), waited in accounts.items():
        found = many.rows(tx, _EARLY_ONES, list(waited), channel=channel, account=account)
        for reference in dict.fromkeys(row.reference for row in [*found]):
            outbox_id, provider_id, at = waited[reference]
            match_early(tx, outbox_id, channel, account, provider_id, at)


def match_late(tx: Tx, now: datetime) -> int:
    """Apply receipts whose message was recorded in the same moment; return how many.

    Those of nothing we sent are forgotten after a week.
    """
    found = 0
    tx.run(_FORGET, before=now - _KEPT)
    for receipt in tx.rows(_UNMATCHED, since=now - _LATE, limit=_BATCH):
        if not receipt.reference.startswith("p"):
            continue
        row = tx.one(
            _BY_PROVIDER,
            channel=receipt.channel,
            account=receipt.account,
            provider_id=receipt.reference[1:],
        )
        if row is not None:
            _match(tx, receipt, row, now)
            found += 1
    return found


def _match(tx: Tx, receipt: Any, row: Any, now: datetime) -> None:
    tx.run(_MATCHED, receipt_id=receipt.id, outbox_id_=row.id)
    _advance(tx, row, Progress(receipt.progress), receipt.code or "", now)


def is_lost(progress: str | None) -> bool:
    """Say whether a row's progress means that its message never arrived."""
    return progress is not None and Progress(progress) in LOST


def settle(tx: Tx, outbox_id: int, now: datetime) -> None:
    """Let a message whose sending just ended be what its receipts say it is."""
    row = tx.one(_ROW, outbox_id=outbox_id)
    if row.progress is not None:
        _conclude(tx, row, Progress(row.progress), "", now)


def _message(tx: Tx, receipt: Receipt) -> Any:
    """Return the message a receipt speaks of, if it is one of this account's."""
    where = {"channel": receipt.channel, "account": receipt.account}
    if receipt.message_id:
        known = 0 < receipt.message_id < _LAST_ID
        return tx.one(_BY_ID, outbox_id=receipt.message_id, **where) if known else None
    return tx.one(_BY_PROVIDER, provider_id=receipt.provider_id[:PROVIDER_ID_LENGTH], **where)


def _advance(tx: Tx, row: Any, told: Progress, code: str, now: datetime) -> None:
    progress = forward(Progress(row.progress) if row.progress else None, told)
    if progress is not None:
        tx.run(_PROGRESS, outbox_id=row.id, progress_=progress.value)
        _conclude(tx, row, progress, code, now)
    if progress is Progress.UNDELIVERED:
        _bounced(tx, row.id, now)


def _bounced(tx: Tx, outbox_id: int, now: datetime) -> None:
    """Note that a message bounced; a platform that took none of them (`failed`) proves no bounce.

    What was said at one time counts once, and as having arrived if any of it did.
    """
    ends = tx.rows(_LAST_ENDS, outbox_id=outbox_id, running=_BOUNCES)
    if len(ends) == _BOUNCES and all(end.best == Progress.UNDELIVERED.value for end in ends):
        windows.unreachable(tx, ends[0].conversation_id, now)


def _conclude(tx: Tx, row: Any, progress: Progress, code: str, now: datetime) -> None:
    """Change the state of a message to what its progress says, where it says something new."""
    lost = progress in LOST
    if row.state in (_CAN_BE_LOST if lost else _CAN_BE_SENT):
        tx.run(
            _STATE,
            outbox_id=row.id,
            state_="ready" if lost else "sent",
            due_at_=now,
            sent_at_=now,
            error_=f"{progress.value} {code}".strip()[:_CODE_LENGTH] if lost else None,
        )


def _reference(message_id: int, provider_id: str) -> str:
    return (
        f"m{message_id}"[:_REFERENCE_LENGTH]
        if message_id
        else f"p{provider_id[:PROVIDER_ID_LENGTH]}"
    )
