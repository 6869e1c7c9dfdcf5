"""Care plans as a transcript writes them: "revisit, 王芳, 2026-11-25, 2026-12-02, doctor_name=李明"."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from bot.app import App
from bot.message import Address
from bot.messages import history
from bot.store.db import Tx
from tests.helpers.booking import ZONE, add_patient


def make_plan(
    tx: Tx, app: App, address: Address, kind: str, name: str, said: Sequence[str]
) -> None:
    """Make a plan of somebody whom a conversation books for; she is added where she is new to it.

    Days stand first; `a=b、c` is a list, `a=true` a yes, `when=…` a field of the same name.
    """
    now, conversation = app.clock(), history.conversation_of(tx, address)
    assert conversation is not None, "this patient never wrote"
    members = app.booking.family.members(tx, conversation, app.booking.today(now))
    known = [one.patient_id for one in members if one.name == name]
    days = [date.fromisoformat(word) for word in said if "=" not in word]
    details = dict(_field(word) for word in said if "=" in word)
    app.reminding.care.plans.create(
        tx, kind=kind, details=details, zone=ZONE.key,
        starts_on=days[0] if days else app.booking.today(now),
        ends_on=days[1] if len(days) > 1 else None, now=now, actor="daoyi import", source="csv",
        patient_id=known[0] if known else add_patient(tx, name, now, conversation),
    )  # fmt: skip


def _field(word: str) -> tuple[str, Any]:
    name, _, value = word.partition("=")
    if value == "true":
        return name, True
    return name, value.split("、") if name in ("bring", "steps", "times") else value
