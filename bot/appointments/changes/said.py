"""How the visits of a conversation are listed, and what may be chosen about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.appointments import telling
from bot.appointments.links import Links
from bot.appointments.model import FreeSlot, Visit
from bot.appointments.states import LIVE, State
from bot.dialogue.faq import menu_button, person_button
from bot.dialogue.flow import Scene, Step
from bot.message import Button, Kind, Say

FLOW = "changes"
#: So many visits are listed at once; the last option leads on.
MOST_LISTED = 4
_LABELS = {
    "zh-CN": {
        "cancel": "取消预约", "release": "放弃这个号", "move": "改期", "mine": "我的预约",
        "more": "后面的预约", "past": "以前的就诊", "sure_cancel": "确认取消", "sure_move": "确认改期",
        "keep": "保留预约", "keep_old": "不改了，保留原来的", "book": "挂号", "queue": "看排到哪了",
        "others": "看别的时间",
    },
    "en": {
        "cancel": "Cancel it", "release": "Give this place up", "move": "Move it",
        "mine": "My visits", "more": "Later visits", "past": "Past visits",
        "sure_cancel": "Yes, cancel it", "sure_move": "Yes, move it", "keep": "Keep it",
        "keep_old": "Keep the old one", "book": "Book a visit", "queue": "Where am I in the line?",
        "others": "Other times",
    },
}  # fmt: skip
_TYPED = {
    "zh-CN": {"mine": "我的预约", "book": "挂号"},
    "en": {"mine": "my visits", "book": "book a visit"},
}


def option(name: str, lang: str, entry: str, choice: object = "", flow: str = FLOW) -> Button:
    """Return the choice `name` that goes on at `entry`."""
    value = f"flow:{flow}.{entry}"
    return Button(_LABELS[lang][name], f"{value}:{choice}" if choice != "" else value)


def shortcut(name: str, lang: str) -> Button:
    """Return a tap that says in a word what can also be typed."""
    return Button(_LABELS[lang][name], _TYPED[lang][name])


@dataclass(frozen=True, slots=True)
class Telling:
    """Words visits for one conversation."""

    links: Links
    zone: ZoneInfo

    def values(self, scene: Scene, visit: Visit) -> dict[str, Any]:
        """Return what a text may say of a visit, and what can still be done about it."""
        lang = scene.session.lang
        calendar = way = ""
        if scene.private and visit.state in LIVE:
            calendar = self.links.calendar(scene.tx.keyring, visit, lang)
            way = self.links.way(visit, lang)
        return {
            **telling.visit_values(visit, lang, self.zone, scene.now),
            "changeable": changeable(scene, visit),
            "paid": visit.fee > 0,
            "queue_state": visit.queue_state or "",
            "calendar": calendar,
            "way": way,
        }

    def named(self, scene: Scene, visit: Visit, entry: str) -> Button:
        """Return the choice of a visit: whose it is, and when with whom."""
        told = telling.visit_values(visit, scene.session.lang, self.zone)
        who = f"{told['who']} " if told["who"] else ""
        return Button(f"{who}{told['label']}", f"flow:{FLOW}.{entry}:{visit.appointment_id}")

    def slot(self, scene: Scene, slot: FreeSlot, entry: str, choice: object) -> Button:
        """Return the choice of a free place."""
        told = telling.slot_values(slot, scene.session.lang, self.zone)
        return Button(str(told["label"]), f"flow:{FLOW}.{entry}:{choice}")

    def told(
        self, scene: Scene, name: str, values: Mapping[str, Any] | None = None, *taps: Button
    ) -> Step:
        """Say something that asks nothing."""
        lang = scene.session.lang
        shortcuts = taps or (shortcut("mine", lang), menu_button(lang))
        return Step((Say(f"visits/{name}", Kind.NOTICE, values or {}, shortcuts=shortcuts),))

    def ask(
        self,
        scene: Scene,
        name: str,
        values: Mapping[str, Any],
        options: Sequence[Button],
        named: dict[str, Any],
        entry: str,
    ) -> Step:
        """Ask something that only this conversation can answer, by tap, digit, or in words."""
        say = Say(
            f"visits/{name}", Kind.QUESTION, values, tuple(options),
            (person_button(scene.session.lang),), named, (FLOW, entry), here=True,
        )  # fmt: skip
        return Step((say,))


def changeable(scene: Scene, visit: Visit) -> bool:
    """Say whether the patient can still cancel or move it herself (BK-07)."""
    if visit.state is State.HELD:
        return True
    return visit.state is State.BOOKED and scene.now <= visit.clinic.cancel_until
