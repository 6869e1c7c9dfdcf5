"""The statements on care plans."""

from sqlalchemy import bindparam, insert, or_, select, update

from bot.reminders.rows import reminder
from bot.store.reminder_tables import CarePlan
from bot.store.statements import Hot

plan = CarePlan.__table__  # type: ignore[attr-defined]

#: The columns of a `Plan`, in its order.
_PLAN = select(
    plan.c.id, plan.c.kind, plan.c.patient_id, plan.c.conversation_id, plan.c.payer_id, plan.c.details,
    plan.c.zone, plan.c.starts_on, plan.c.ends_on, plan.c.state, plan.c.paused_until, plan.c.version,
    plan.c.source, plan.c.source_key, plan.c.ended_by,
)  # fmt: skip

ONE = Hot(_PLAN.where(plan.c.id == bindparam("plan_id")))
BY_KEY = Hot(_PLAN.where(plan.c.source_key == bindparam("source_key")))
OF_PATIENT = Hot(_PLAN.where(plan.c.patient_id == bindparam("patient_id")).order_by(plan.c.id))
OF_CONVERSATION = Hot(
    _PLAN.where(plan.c.conversation_id == bindparam("conversation_id")).order_by(plan.c.id)
)
ADD = Hot(
    insert(plan)
    .values(
        kind=bindparam("kind"), patient_id=bindparam("patient_id"),
        conversation_id=bindparam("conversation_id"), payer_id=bindparam("payer_id"),
        source=bindparam("source"), source_key=bindparam("source_key"), details=bindparam("details"),
        zone=bindparam("zone"), starts_on=bindparam("starts_on"), ends_on=bindparam("ends_on"),
        state="active", version=1, created_by=bindparam("created_by"),
        created_at=bindparam("created_at"), updated_at=bindparam("updated_at"),
    )
    .returning(plan.c.id)
)  # fmt: skip
CHANGE = Hot(
    update(plan)
    .where(plan.c.id == bindparam("plan_id_"))
    .values(
        version=bindparam("version_"), patient_id=bindparam("patient_id_"),
        payer_id=bindparam("payer_id_"), details=bindparam("details_"), zone=bindparam("zone_"),
        starts_on=bindparam("starts_on_"), ends_on=bindparam("ends_on_"), state=bindparam("state_"),
        paused_until=bindparam("paused_until_"), ended_by=bindparam("ended_by_"),
        updated_at=bindparam("updated_at_"),
    )
)  # fmt: skip
SAY = Hot(
    update(plan).where(plan.c.id == bindparam("plan_id_")).values(details=bindparam("details_"))
)
#: Whether a plan was told of what is so since then.
TOLD = Hot(
    select(reminder.c.id)
    .where(
        reminder.c.about == "plan",
        reminder.c.about_id == bindparam("about_id"),
        reminder.c.state == "sent",
        reminder.c.occurs_at >= bindparam("since"),
    )
    .limit(1)
)
NEWER = Hot(
    update(plan)
    .where(plan.c.id == bindparam("plan_id_"))
    .values(version=plan.c.version + 1)
)  # fmt: skip
#: Nothing of a plan that waits is due before its pause is over.
WAIT = Hot(
    update(reminder)
    .where(
        reminder.c.about == "plan",
        reminder.c.about_id == bindparam("about_id_"),
        reminder.c.due_at < bindparam("until_"),
        or_(reminder.c.state == "pending", reminder.c.state == "leased"),
    )
    .values(due_at=bindparam("due_at_"))
)
ENDING = Hot(
    _PLAN.where(plan.c.ended_by.is_(None), plan.c.ends_on < bindparam("before"))
    .order_by(plan.c.ends_on, plan.c.id)
    .limit(bindparam("limit"))
)
#: What an importer made of one of its files and has not ended.
OF_SOURCE = Hot(
    _PLAN.where(
        plan.c.source == bindparam("source"),
        plan.c.source_key.like(bindparam("prefix")),
        plan.c.ended_by.is_(None),
    ).order_by(plan.c.id)
)
