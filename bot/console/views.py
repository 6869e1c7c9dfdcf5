"""The pages staff look at, and the pieces of them that are fetched again."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from bot.channels.base import channel_of
from bot.console import access, conversation, patient_access, reach
from bot.console.access import Opened
from bot.console.actions import CARD_LONGEST, NOTE_LONGEST, REPLY_LONGEST
from bot.console.dead_letters import dead_letters
from bot.console.desk import Console
from bot.console.feed import hint
from bot.console.guard import Guard, Visit
from bot.console.masks import masked_name
from bot.console.pages import Pages
from bot.console.told import Cared, naming
from bot.console.waiting import waiting
from bot.reminders import history
from bot.store.audit import record
from bot.store.db import Tx

#: An id of ours; what no row can have is no page.
Id = Annotated[int, Path(ge=1, lt=2**62)]


class Views:
    """Reads what a page shows and renders it."""

    def __init__(self, console: Console, pages: Pages, cared: Cared) -> None:
        self._console = console
        self._pages = pages
        self._cared = cared

    async def queue(self, visit: Visit, template: str) -> Response:
        """Return who waits: nobody is named, so nothing is audited."""

        def op(tx: Tx) -> dict[str, Any]:
            signed = visit.signed
            desk = waiting(tx, signed.staff_id, visit.now, supervises=signed.supervises)
            return {"desk": desk, "hint": hint(tx, signed, ""), "dead": len(dead_letters(tx))}

        values = await self._console.engine.read(op)
        return self._pages.render(visit.request, template, **values)

    async def conversation(self, visit: Visit, conversation_id: int) -> Response:
        """Return a conversation with everything about it."""

        def op(tx: Tx) -> dict[str, Any]:
            opened = access.enter(
                tx, conversation_id, visit.signed, visit.now, self._console.language
            )
            talk = conversation.look(tx, opened, visit.signed, visit.now)
            told = history.of_conversation(tx, conversation_id)
            if told:
                detail = f"{len(told)} of the conversation"
                record(tx, visit.now, visit.signed.actor, "reminders.view", conversation_id, detail)
            plans = [
                plan
                for plan in self._cared.plans.of_conversation(tx, conversation_id, ())
                if plan.patient_id is None
            ]
            return {
                "told": told,
                "plans": plans,
                "adherence": self._cared.adherence_of(tx, plans, visit.now),
                "members": patient_access.members(tx, conversation_id),
                "talk": talk,
                "cases": conversation.cases(tx, conversation_id),
                "reach": reach.look(tx, conversation_id),
                "shown": conversation.look_at_card(tx, conversation_id, visit.signed, visit.now),
                "hint": hint(tx, visit.signed, talk.state),
            }

        values = await self._console.engine.write(op)
        return self._pages.render(
            visit.request,
            "conversation",
            reply_longest=self._reply_longest(values["talk"].opened),
            note_longest=NOTE_LONGEST,
            card_longest=CARD_LONGEST,
            once=secrets.token_urlsafe(12),
            masked_name=masked_name,
            **naming(self._cared.kinds, self._pages.words(visit.request)),
            **values,
        )

    async def talk(self, visit: Visit, conversation_id: int, after: str) -> Response:
        """Return what was said, or 204 where the page shows it already."""

        def op(tx: Tx) -> conversation.Talk | None:
            opened = access.enter(
                tx, conversation_id, visit.signed, visit.now, self._console.language
            )
            if conversation.state_of(tx, opened) == after:
                return None
            return conversation.look(tx, opened, visit.signed, visit.now, "news")

        talk = await self._console.engine.write(op)
        if talk is None:
            return Response(status_code=204)
        return self._pages.render(visit.request, "talk", talk=talk)

    async def dead_letters(self, visit: Visit) -> Response:
        """Return what did not arrive, without a word of it."""
        letters = await self._console.engine.read(dead_letters)
        return self._pages.render(
            visit.request, "dead_letters", letters=letters, trouble=self._console.trouble()
        )

    def _reply_longest(self, opened: Opened) -> int:
        known = channel_of(self._console.channels, opened.channel, opened.account)
        return REPLY_LONGEST if known else 0


def mount_views(router: APIRouter, views: Views, guard: Guard) -> None:
    """Add everything that only reads."""

    @router.get("")
    async def desk(visit: Annotated[Visit, Depends(guard.page)]) -> Response:
        return await views.queue(visit, "queue")

    @router.get("/queue")
    async def queue(visit: Annotated[Visit, Depends(guard.live)]) -> Response:
        return await views.queue(visit, "queue_list")

    @router.get("/dead-letters")
    async def letters(visit: Annotated[Visit, Depends(guard.page)]) -> Response:
        return await views.dead_letters(visit)

    @router.get("/conversations/{conversation_id}")
    async def show(visit: Annotated[Visit, Depends(guard.page)], conversation_id: Id) -> Response:
        return await views.conversation(visit, conversation_id)

    @router.get("/conversations/{conversation_id}/log")
    async def log(
        visit: Annotated[Visit, Depends(guard.live)],
        conversation_id: Id,
        after: Annotated[str, Query(max_length=120)] = "",
    ) -> Response:
        return await views.talk(visit, conversation_id, after)
