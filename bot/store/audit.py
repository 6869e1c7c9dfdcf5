"""Who saw or changed what of which patient (I9). Rows are only added; the database refuses the rest."""

from datetime import datetime

from sqlalchemy import bindparam, insert

from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Audit

_RECORD = Hot(
    insert(Audit.__table__).values(  # type: ignore[attr-defined]
        at=bindparam("at"),
        actor=bindparam("actor"),
        action=bindparam("action"),
        conversation_id=bindparam("conversation_id"),
        detail=bindparam("detail"),
    )
)


def record(
    tx: Tx,
    now: datetime,
    actor: str,
    action: str,
    conversation_id: int | None = None,
    detail: str | None = None,
) -> None:
    """Add one entry, in the same transaction as what it tells of. `detail` holds no patient's words."""
    tx.run(
        _RECORD, at=now, actor=actor, action=action, conversation_id=conversation_id, detail=detail
    )
