"""The conversation about getting a person: asked for, waited for, left again."""

from collections.abc import Callable, Mapping

from bot.dialogue.faq import menu_button
from bot.dialogue.flow import Scene, Step
from bot.handoff import rules, service
from bot.message import Button, Kind, Say

_LEAVE = {"zh-CN": "先不等了", "en": "Stop waiting"}


class HandoffFlow:
    """Opens a case in one step, in any state (HO-01), and says truly who is there (HO-06).

    Args:
        hours: when staff answer chats.
        opened: called after the commit, so that the console rings.
    """

    def __init__(self, hours: rules.Hours, opened: Callable[[int], None]) -> None:
        self._hours = hours
        self._opened = opened

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `open` or `leave`."""
        return self._open(scene) if entry == "open" else self._leave(scene)

    def _open(self, scene: Scene) -> Step:
        scene.session.misses = 0
        scene.session.expect = None
        if service.live(scene.tx, scene.conversation_id) is not None:
            return Step((self._say(scene, "handoff/already", {}),))
        is_open = self._hours.is_open(scene.now)
        desk = rules.desk_or_general(scene.values.get("desk"))
        reason = str(scene.values.get("reason", "asked"))
        ahead = service.open_case(
            scene.tx,
            scene.conversation_id,
            desk=desk,
            reason=reason,
            priority=rules.priority(desk, is_open=is_open, reason=reason),
            now=scene.now,
        )
        conversation_id = scene.conversation_id
        scene.tx.after_commit.append(lambda: self._opened(conversation_id))
        return Step((self._opened_say(scene, reason, ahead, is_open=is_open),))

    def _opened_say(self, scene: Scene, reason: str, ahead: int, *, is_open: bool) -> Say:
        opens = self._hours.opens(scene.now)
        values = {
            "ahead": ahead,
            "understood": reason != "not understood",
            "opens": opens,
            "opens_today": self._hours.is_today(opens, scene.now),
        }
        return self._say(scene, "handoff/opened" if is_open else "handoff/closed_now", values)

    def _say(self, scene: Scene, name: str, values: Mapping[str, object]) -> Say:
        leave = Button(_LEAVE[scene.session.lang], "#leave")
        return Say(name, Kind.NOTICE, values, shortcuts=(leave,))

    def _leave(self, scene: Scene) -> Step:
        case = service.live(scene.tx, scene.conversation_id)
        if case is not None and case.state == "open":
            service.close(scene.tx, scene.conversation_id, case, scene.now)
        menu = menu_button(scene.session.lang)
        return Step((Say("handoff/left", Kind.NOTICE, shortcuts=(menu,)),))
