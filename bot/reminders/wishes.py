"""What somebody wants of reminders: none today, a pause, her hours, her clocks, none of a kind.

Each is done and told in one message, with a tap that takes it back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue.faq import person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.message import Button, Kind, Say
from bot.reminders import choosing, words
from bot.reminders.choices import Changed, Choice, choice_of, choose
from bot.reminders.choosing import Span
from bot.reminders.kinds import ABOUT, Kinds
from bot.reminders.missing import MOST_NAMED, Missing
from intents.reminding import Reminding
from scheduler.hours import day_ends, instant, local_day, wall

FLOW = "reminders"
_LABELS = {
    "zh-CN": {
        "undo_mute": "今天还是提醒我", "undo_pause": "恢复提醒", "undo_best": "恢复原来的时间",
        "undo_off": "还是要提醒", "undo_on": "还是不要了", "undo_zone": "改回医院的时间",
        "three": "三天", "week": "一周", "fortnight": "两周", "today": "今天别再提醒",
        "pause_week": "暂停一周", "keeps": "这些还是提醒我", "none": "以后都不要",
        "yes": "对", "no": "不用改", "morning": "上午",
        "afternoon": "下午", "evening": "晚上6点以后",
    },
    "en": {
        "undo_mute": "Remind me today after all", "undo_pause": "Resume reminders",
        "undo_best": "Back to the usual hours", "undo_off": "Keep them after all",
        "undo_on": "Rather not", "undo_zone": "Back to the hospital's time",
        "three": "3 days", "week": "One week", "fortnight": "Two weeks", "today": "No more today",
        "keeps": "Do remind me of these", "pause_week": "Pause for a week",
        "none": "No messages at all", "yes": "Yes",
        "no": "Leave it", "morning": "Mornings", "afternoon": "Afternoons",
        "evening": "After 6 in the evening",
    },
}  # fmt: skip
_DAYS = {"three": 3, "week": 7, "fortnight": 14}
_HOURS = {
    "morning": (time(8), time(12)), "afternoon": (time(12), time(18)), "evening": (time(18), time(21)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wishes:
    """Keeps what somebody chooses.

    Attributes:
        zone: where the hospital is.
        reminding: reads places.
        missing: finds what a pause would keep from her.
        greets: begins greeting somebody, or ends it (False).
    """

    kinds: Kinds
    zone: ZoneInfo
    reminding: Reminding
    missing: Missing
    greets: Callable[[Scene, bool], None] = lambda *_: None

    def entries(self) -> Mapping[str, Callable[[Scene], Step]]:
        """Return what the flow takes, by entry."""
        return {
            "mute_today": self._mute,
            "pause": self._pause,
            "pause_said": self._pause,
            "pause_keep": self._pause_keep,
            "resume": self._resume,
            "best_time": self._best,
            "off": self._off,
            "on": self._on,
            "fewer": self._fewer,
            "zone": self._zone,
            "zone_said": self._zone_said,
            "zone_set": self._zone_set,
            "zone_kept": lambda scene: _said(scene, "zone_kept", self._here(scene)),
            "undo": self._undo,
        }

    def clocks(self, choice: Choice) -> ZoneInfo:
        """Return whose clocks somebody reads."""
        return ZoneInfo(choice.zone) if choice.zone else self.zone

    def _mute(self, scene: Scene) -> Step:
        choice = choice_of(scene.tx, scene.conversation_id)
        zone = self.clocks(choice)
        lost = self.missing.within(scene, choice, scene.now, day_ends(scene.now, zone))
        self._keep(scene, muted_on=local_day(scene.now, zone), pause_keeps=False)
        keeps = [_tap(scene, "keeps", "pause_keep")] if lost else []
        return _said(scene, "muted", _lost(lost), *keeps, _undo(scene, "mute"))

    def _pause_keep(self, scene: Scene) -> Step:
        """Let what has a time of its own come even so: visits, doses."""
        choice = choice_of(scene.tx, scene.conversation_id)
        self._keep(scene, pause_keeps=True)
        until = choice.paused_until
        back = wall(until, self.clocks(choice)) if until and until > scene.now else None
        undo = _undo(scene, "pause" if back else "mute")
        return _said(scene, "pause_keeps", {"back": back}, undo)

    def _pause(self, scene: Scene) -> Step:
        """Pause for the days that are named or chosen; ask where none are, or not surely."""
        choice = choice_of(scene.tx, scene.conversation_id)
        today = local_day(scene.now, self.clocks(choice))
        if (chosen := str(scene.values.get("choice", ""))) in _DAYS:
            span: Span | None = choosing.pause_in(f"{_DAYS[chosen]}天", today)
        else:
            span = choosing.pause_in(scene.understood.text, today)
        if span is None:
            again = scene.asked is not None and scene.asked.entry == "pause_said"
            taps = [_tap(scene, name, "pause", name) for name in _DAYS]
            return _ask(scene, "ask_pause", {"again": again}, taps, "pause_said")
        begins = None if span.first <= today else self._midnight(choice, span.first)
        back = self._midnight(choice, span.back)
        lost = self.missing.within(scene, choice, begins or scene.now, back)
        self._keep(scene, paused_from=begins, paused_until=back, pause_keeps=False)
        values = {"first": span.first, "back": span.back, "now": begins is None, **_lost(lost)}
        keeps = [_tap(scene, "keeps", "pause_keep")] if lost else []
        return _said(scene, "paused", values, *keeps, _undo(scene, "pause"))

    def _midnight(self, choice: Choice, day: date) -> datetime:
        return instant(datetime.combine(day, time()), self.clocks(choice))

    def _resume(self, scene: Scene) -> Step:
        """End a pause; whoever asked for nothing of the kind is told that messages come."""
        choice = choice_of(scene.tx, scene.conversation_id)
        today = local_day(scene.now, self.clocks(choice))
        paused = choice.paused_until is not None and choice.paused_until > scene.now
        if not paused and choice.muted_on != today:
            return Step((Say("consent/started", Kind.NOTICE, shortcuts=_person(scene)),))
        self._keep(scene, paused_from=None, paused_until=None, muted_on=None, pause_keeps=False)
        return _said(scene, "resumed", {"off": self._names(scene, choice.off)})

    def _best(self, scene: Scene) -> Step:
        """Keep her hours, within those in which anybody is reminded."""
        quiet = self.kinds.quiet
        if (chosen := str(scene.values.get("choice", ""))) in _HOURS:
            best: tuple[time, time] | None = _HOURS[chosen]
        else:
            best = choosing.best_in(scene.understood.text, quiet.end, quiet.start)
        if best is None:
            taps = [_tap(scene, name, "best_time", name) for name in _HOURS]
            return _ask(
                scene, "ask_best", {"opens": quiet.end, "closes": quiet.start}, taps, "best_time"
            )
        self._keep(scene, best=best)
        return _said(scene, "best_time", {"first": best[0], "last": best[1]}, _undo(scene, "best"))

    def _off(self, scene: Scene) -> Step:
        """Turn off one kind; what medicine is told of has a list of its own."""
        about = self._about(scene)
        if about is None:
            return self._fewer(scene)
        if about == "medication":
            return Step(goto=Goto("medication", "mine"))
        choice = choice_of(scene.tx, scene.conversation_id)
        if about == "greeting":
            self._keep(scene, greetings_at=None, off=choice.off | {about})
        else:
            self._keep(scene, off=choice.off | {about})
        name = words.about(about, scene.session.lang)
        values = {"about": about, "name": name}
        return _said(scene, "off", values, _undo(scene, "off", about))

    def _on(self, scene: Scene) -> Step:
        """Turn a kind on again; greetings are asked for by it."""
        about = self._about(scene)
        if about is None:
            return self._resume(scene)
        off = choice_of(scene.tx, scene.conversation_id).off - {about}
        if about == "greeting":
            self._keep(scene, greetings_at=scene.now, off=off)
        else:
            self._keep(scene, off=off)
        name = words.about(about, scene.session.lang)
        values = {"about": about, "name": name}
        return _said(scene, "on", values, _undo(scene, "on", about))

    def _about(self, scene: Scene) -> str | None:
        wish = scene.understood.wish
        about = str(scene.values.get("choice") or (wish.named if wish else "") or "")
        return about if about in ABOUT else None

    def _fewer(self, scene: Scene) -> Step:
        """Ask how much less is wanted; "no messages at all" is said to the flow that keeps consent."""
        taps = [
            _tap(scene, "today", "mute_today"), _tap(scene, "pause_week", "pause", "week"),
            Button(_LABELS[scene.session.lang]["none"], "flow:consent.stop"),
        ]  # fmt: skip
        return _ask(scene, "fewer", {}, taps, None)

    def _zone(self, scene: Scene) -> Step:
        """Read back a place and what its clocks show; nothing changes before a yes."""
        wish = scene.understood.wish
        found = wish.named if wish is not None and wish.kind == "zone" else None
        if found is None and _is_back(scene.understood.text):
            return self._zone_home(scene)
        return self._ask_zone(scene, found)

    def _ask_zone(self, scene: Scene, found: str | None) -> Step:
        if not found:
            return _ask(scene, "ask_place", {"several": found == ""}, [], "zone_said")
        if self.clocks(choice_of(scene.tx, scene.conversation_id)).key == found:
            plainly = _is_of_clocks(scene.understood.text) or scene.asked is not None
            here = _said(scene, "zone_kept", self._here(scene))
            return here if plainly else Step(goto=Goto("faq", "miss"))  # "我在上海" asks nothing
        values = self._there(scene, found)
        taps = [_tap(scene, "yes", "zone_set", found), _tap(scene, "no", "zone_kept")]
        return _ask(scene, "ask_zone", values, taps, "zone_said", {"zone": found})

    def _zone_said(self, scene: Scene) -> Step:
        """Take a yes, a no, or a place in words."""
        named = scene.asked.named if scene.asked and scene.asked.named else {}
        if scene.understood.act == "yes" and named.get("zone"):
            return self._set(scene, str(named["zone"]))
        if scene.understood.act in ("no", "cancel", "back", "keep"):
            return _said(scene, "zone_kept", self._here(scene))
        found = self.reminding.zone(scene.understood.text)
        if found is None:
            return Step(goto=Goto("faq", "miss"))
        return self._ask_zone(scene, found)

    def _zone_set(self, scene: Scene) -> Step:
        return self._set(scene, str(scene.values["choice"]))

    def _set(self, scene: Scene, zone: str) -> Step:
        self._keep(scene, zone=None if zone == self.zone.key else zone)
        return _said(scene, "zone", self._there(scene, zone), _undo(scene, "zone"))

    def _zone_home(self, scene: Scene) -> Step:
        self._keep(scene, zone=None)
        return _said(scene, "zone", self._there(scene, self.zone.key))

    def _here(self, scene: Scene) -> dict[str, object]:
        return self._there(scene, self.clocks(choice_of(scene.tx, scene.conversation_id)).key)

    def _there(self, scene: Scene, zone: str) -> dict[str, object]:
        shown, quiet = wall(scene.now, ZoneInfo(zone)), self.kinds.quiet
        return {
            "place": self.reminding.called(zone, scene.session.lang), "clock": shown,
            "quiet_from": quiet.start, "quiet_until": quiet.end,
        }  # fmt: skip

    def _undo(self, scene: Scene) -> Step:
        """Take back what was chosen just now."""
        what, _, about = str(scene.values["choice"]).partition(".")
        choice = choice_of(scene.tx, scene.conversation_id)
        changes: Mapping[str, Changed] = {
            "mute": {"muted_on": None},
            "pause": {"paused_from": None, "paused_until": None},
            "best": {"best": None},
            "zone": {"zone": None},
            "off": {"off": choice.off - {about}},
            "on": {"off": choice.off | {about}},
        }
        changed = changes[what]
        if about == "greeting":
            changed = {**changed, "greetings_at": scene.now if what == "off" else None}
        self._keep(scene, **changed)
        name = words.about(about, scene.session.lang) if about else ""
        return _said(scene, "undone", {"what": what, "name": name})

    def _names(self, scene: Scene, off: frozenset[str]) -> list[str]:
        return [words.about(one, scene.session.lang) for one in sorted(off)]

    def _keep(self, scene: Scene, **changed: object) -> None:
        choose(scene.tx, scene.conversation_id, scene.now, **changed)  # type: ignore[arg-type]
        if "greetings_at" in changed:
            self.greets(scene, changed["greetings_at"] is not None)


def _lost(found: list[Any]) -> dict[str, object]:
    named = found[:MOST_NAMED]
    return {"lost": named, "more": len(found) > len(named)}


def _is_back(text: str) -> bool:
    """Say whether somebody asks for the hospital's clocks again."""
    plain = text.casefold()
    return any(one in plain for one in ("回", "恢复", "还原", "back", "reset", "restore"))


def _is_of_clocks(text: str) -> bool:
    """Say whether a text plainly speaks of clocks, not only of a place."""
    return any(one in text.casefold() for one in ("时区", "时间", "time"))


def _tap(scene: Scene, name: str, entry: str, choice: str = "") -> Button:
    value = f"flow:{FLOW}.{entry}"
    return Button(_LABELS[scene.session.lang][name], f"{value}:{choice}" if choice else value)


def _undo(scene: Scene, what: str, about: str = "") -> Button:
    return _tap(scene, f"undo_{what}", "undo", f"{what}.{about}" if about else what)


def _person(scene: Scene) -> tuple[Button, ...]:
    return (person_button(scene.session.lang),)


def _said(scene: Scene, name: str, values: Mapping[str, object], *taps: Button) -> Step:
    """Say what was done; its taps take it back."""
    say = Say(
        f"{FLOW}/{name}", Kind.NOTICE, values, taps, () if taps else _person(scene), here=True
    )
    return Step((say,))


def _ask(
    scene: Scene,
    name: str,
    values: Mapping[str, object],
    taps: list[Button],
    entry: str | None,
    named: dict[str, object] | None = None,
) -> Step:
    """Ask what is missing, by taps and, at `entry`, in words."""
    answer = (FLOW, entry) if entry else None
    say = Say(
        f"{FLOW}/{name}",
        Kind.QUESTION,
        values,
        tuple(taps),
        _person(scene),
        named,
        answer,
        here=True,
    )
    return Step((say,))
