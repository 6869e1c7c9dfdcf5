"""Permissions: how many notices of a kind a patient allowed (one each time she agrees)."""

from datetime import datetime

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO NOTHING

from bot.message import Permission
from bot.messages.inbox import conversation_at
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import NoticePermission

_permission = NoticePermission.__table__  # type: ignore[attr-defined]

_OPEN = Hot(
    insert(_permission)
    .values(
        conversation_id=bindparam("conversation_id"),
        template=bindparam("template"),
        remaining=0,
        last_key="",
        updated_at=bindparam("updated_at"),
    )
    .on_conflict_do_nothing()
)
_ANSWERED = Hot(
    update(_permission)
    .where(
        _permission.c.conversation_id == bindparam("conversation_id_"),
        _permission.c.template == bindparam("template_"),
        _permission.c.last_key != bindparam("key"),
    )
    .values(
        remaining=case((bindparam("allowed") == 1, _permission.c.remaining + 1), else_=0),
        last_key=bindparam("last_key_"),
        updated_at=bindparam("updated_at_"),
    )
)
_TAKE = Hot(
    update(_permission)
    .where(
        _permission.c.conversation_id == bindparam("conversation_id_"),
        _permission.c.template == bindparam("template_"),
        _permission.c.remaining > 0,
    )
    .values(remaining=_permission.c.remaining - 1)
)
_GIVE_BACK = Hot(
    update(_permission)
    .where(
        _permission.c.conversation_id == bindparam("conversation_id_"),
        _permission.c.template == bindparam("template_"),
    )
    .values(remaining=_permission.c.remaining + 1)
)
_REMAINING = Hot(
    select(_permission.c.remaining).where(
        _permission.c.conversation_id == bindparam("conversation_id"),
        _permission.c.template == bindparam("template"),
    )
)


def answered(tx: Tx, permission: Permission, now: datetime) -> None:
    """Count one answer of a patient, once: one notice more, or none at all any more."""
    conversation_id = conversation_at(tx, permission.address, now)
    key = tx.keyring.index(permission.key, "notice.key")
    tx.run(_OPEN, conversation_id=conversation_id, template=permission.template, updated_at=now)
    tx.run(
        _ANSWERED,
        conversation_id_=conversation_id,
        template_=permission.template,
        key=key,
        last_key_=key,
        allowed=int(permission.allowed),
        updated_at_=now,
    )


def take(tx: Tx, conversation_id: int, template: str) -> bool:
    """Use one permission up; False where there is none."""
    return tx.run(_TAKE, conversation_id_=conversation_id, template_=template) == 1


def give_back(tx: Tx, conversation_id: int, template: str) -> None:
    """Give one back: the platform certainly did not take the notice, and may take it later."""
    tx.run(_GIVE_BACK, conversation_id_=conversation_id, template_=template)


def remaining(tx: Tx, conversation_id: int, template: str) -> int:
    """Return how many notices of a kind may still be sent."""
    row = tx.one(_REMAINING, conversation_id=conversation_id, template=template)
    return int(row.remaining) if row else 0
