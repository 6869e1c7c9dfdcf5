"""The reply to a red flag (EM-02 … EM-08): fixed texts, first, and complete without a database."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import bindparam, insert

from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step
from bot.message import Kind, Say
from bot.store.statements import Hot
from bot.store.urgent_tables import RedFlag
from intents.numbers import Numbers
from intents.urgent import Alarm

_flag = RedFlag.__table__  # type: ignore[attr-defined]
_RAISE = Hot(
    insert(_flag).values(
        conversation_id=bindparam("conversation_id"),
        inbox_id=bindparam("inbox_id"),
        kind=bindparam("kind"),
        rule=bindparam("rule"),
        rule_version=bindparam("rule_version"),
        locale=bindparam("locale"),
        reply=bindparam("reply"),
        at=bindparam("at"),
    )
)
#: From this alarm of a conversation on the reply is short; it never disappears (EM-08).
SHORT_AFTER = 3


class Hours(Protocol):
    """When staff answer chats, as far as an emergency needs to know."""

    def is_open(self, now: datetime) -> bool:
        """Say whether somebody answers at `now`."""
        ...

    def opens(self, now: datetime) -> datetime | None:
        """Return when somebody answers again, in the hospital's zone."""
        ...

    def is_today(self, moment: datetime | None, now: datetime) -> bool:
        """Say whether a moment is on the same day as `now`, in the hospital's zone."""
        ...


class UrgentFlow:
    """Answers alarms and leaves a flag that a person must acknowledge (EM-06).

    Args:
        numbers: the emergency and crisis numbers of this hospital's locale.
        locale: names them in the record.
        raised: called after the commit, so that the console rings.
        hours: when staff answer chats: a person "now" is offered only then.
    """

    def __init__(
        self, numbers: Numbers, locale: str, raised: Callable[[int], None], hours: Hours
    ) -> None:
        self._numbers = numbers
        self._locale = locale
        self._raised = raised
        self._hours = hours

    def step(self, scene: Scene, entry: str) -> Step:  # noqa: ARG002  (there is one entry)
        """Say what must be said and record the alarm."""
        alarm = scene.understood.alarm
        if alarm is None:
            raise ValueError("the urgent flow needs an alarm")
        scene.session.alarms += 1
        scene.session.expect = None
        lang, before = scene.session.lang, scene.session.alarms - 1
        say = self.say(alarm, lang, scene.now, before=before)
        scene.tx.run(
            _RAISE,
            conversation_id=scene.conversation_id,
            inbox_id=scene.inbox_id,
            kind=alarm.kind,
            rule=alarm.rule,
            rule_version=str(alarm.version),
            locale=self._locale,
            reply=say.name,
            at=scene.now,
        )
        conversation_id = scene.conversation_id
        scene.tx.after_commit.append(lambda: self._raised(conversation_id))
        return Step((say,))

    def say(self, alarm: Alarm, lang: str, now: datetime, before: int = 0) -> Say:
        """Return the reply to `alarm` at `now`, `before` earlier ones having been answered in full."""
        name = "crisis" if alarm.crisis else "emergency"
        if before >= SHORT_AFTER:
            name = "short"
        values = self.values(alarm.kind, alarm.crisis, now)
        return Say(f"urgent/{name}", Kind.EMERGENCY, values, shortcuts=(person_button(lang),))

    def values(self, kind: str, crisis: bool, now: datetime) -> Mapping[str, Any]:
        """Return what every reply of this kind may mention: the numbers, and when staff are there."""
        opens = self._hours.opens(now)
        return {
            "numbers": self._numbers,
            "kind": kind,
            "crisis": crisis,
            "staffed": self._hours.is_open(now),
            "opens": opens,
            "opens_today": self._hours.is_today(opens, now),
        }
