"""What a platform's answer means for the message, its patient and its account.

The error says it (`bot.errors`); no channel is named here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import ChatMoved, NeedsOperator, SendError, TryLater, WaitForUser
from bot.message import Sent
from bot.messages import fallback, leases, permissions, receipts, windows
from bot.messages.departure import Departing
from bot.messages.fallback import Ways
from bot.messages.pace import Pacer, account_key
from bot.store.db import Tx
from scheduler.backoff import retry_at

#: Words of ours in a message's record, which the console puts into sentences.
NO_CHANNEL = "no such channel"
OPERATOR = "operator: "
#: Waits after a refusal that may pass, in seconds; after the last the message has failed.
RETRY_STEPS = (2.0, 10.0, 60.0, 300.0, 1800.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt.

    Attributes:
        state: "sent", "ready" (again at `again_at`), "waiting", "failed" or "unknown".
        pause: until when nothing of the account may go.
        moved_to: the new address of the chat.
        unreachable: nothing goes to this address any more.
        operator: the account is not right.
    """

    state: str
    error: str | None = None
    sent: Sent | None = None
    again_at: datetime | None = None
    pause: datetime | None = None
    moved_to: str | None = None
    unreachable: bool = False
    operator: bool = False

    @property
    def taken(self) -> bool:
        """Whether the platform took the message, or may have."""
        return self.state in ("sent", "unknown")


def outcome_of(answer: Sent | Exception, attempt: int, now: datetime) -> Outcome:
    """Return what an answer leads to; whatever is no `SendError` leaves everything open."""
    if isinstance(answer, Sent):
        return Outcome("sent", sent=answer)
    if not isinstance(answer, SendError) or answer.uncertain:
        return Outcome("unknown", getattr(answer, "code", type(answer).__name__))
    if isinstance(answer, WaitForUser):
        return Outcome("waiting", answer.code)
    if not isinstance(answer, TryLater):
        return Outcome("failed", answer.code, unreachable=answer.unreachable)
    again_at = retry_at(now, attempt, RETRY_STEPS)
    moved = isinstance(answer, ChatMoved)
    after = None if answer.after is None else now + timedelta(seconds=answer.after)
    if again_at is not None and after is not None:
        again_at = now if moved else max(again_at, after)
    return Outcome(
        "ready" if again_at else "failed",
        f"{OPERATOR}{answer.code}" if isinstance(answer, NeedsOperator) else answer.code,
        again_at=again_at,
        pause=(after or again_at) if answer.whole_account else None,
        moved_to=answer.user if isinstance(answer, ChatMoved) else None,
        operator=isinstance(answer, NeedsOperator),
    )


def record_all(tx: Tx, ways: Ways, results: Sequence[tuple[Departing, Outcome, datetime]]) -> None:
    """Record what became of several messages; those that simply went in a few statements."""
    sent = [
        (departing, outcome.sent, at)
        for departing, outcome, at in results
        if outcome.sent is not None and outcome == Outcome("sent", sent=outcome.sent)
    ]
    went = leases.went(tx, [(one.item, said, one.way, at) for one, said, at in sent])
    receipts.match_all_early(
        tx,
        [
            (one.item.id, one.letter.address, said.provider_id, at)
            for one, said, at in sent
            if said.provider_id and one.item.id in went
        ],
    )
    for departing, outcome, at in results:
        if departing.item.id not in went:
            record(tx, ways, departing, outcome, at)


def record(tx: Tx, ways: Ways, departing: Departing, outcome: Outcome, now: datetime) -> bool:
    """Record what became of a message, with all that follows; say whether another way was found.

    Nothing happens where the lease was lost to somebody else.
    """
    item, address = departing.item, departing.letter.address
    state, again_at = outcome.state, outcome.again_at
    if state == "waiting" and not windows.close(tx, item.conversation_id, departing.window, now):
        state, again_at = "ready", now  # she wrote while the message was under way
    if not leases.finish(
        tx, item, now, state=state, again_at=again_at, sent=outcome.sent, error=outcome.error,
        way=departing.way if outcome.taken else None,
    ):  # fmt: skip
        return False
    if not outcome.taken:
        _give_back(tx, departing, outcome)
    if outcome.moved_to is not None:
        windows.move(tx, address, outcome.moved_to, now)
    if outcome.unreachable:
        windows.unreachable(tx, item.conversation_id, now)
    if outcome.pause is not None:
        _pause(tx, ways, departing, outcome.pause, now)
    if outcome.sent is not None and outcome.sent.provider_id:
        receipts.match_early(
            tx, item.id, address.channel, address.account, outcome.sent.provider_id, now
        )
    if state not in ("failed", "waiting"):
        return False
    return fallback.stand_in(tx, ways, item, state, now) is not None


def _give_back(tx: Tx, departing: Departing, outcome: Outcome) -> None:
    """Give back what a message used up that certainly was not taken."""
    conversation_id = departing.item.conversation_id
    if departing.window is not None and outcome.state != "waiting":
        windows.give_back(tx, conversation_id, departing.window)
    if departing.permission is not None and outcome.state == "ready":
        permissions.give_back(tx, conversation_id, departing.permission)


def _pause(tx: Tx, ways: Ways, departing: Departing, until: datetime, now: datetime) -> None:
    """Slow every worker of an account down at once."""
    address = departing.letter.address
    limits = ways.limits_of(address.channel, address.account)
    pacer = Pacer(tx, now)
    pacer.pause(
        account_key(address.channel, address.account),
        limits.rates(address.user) if limits else (),
        until,
    )
    pacer.save()
