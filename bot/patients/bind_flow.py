"""The conversation that proves a phone, ends that proof, and says where somebody wants to be reached.

The number is never required. Nothing said here tells whether the hospital knows a phone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from bot.channels.base import Channel, Limits, channel_of
from bot.dialogue.facts import Facts
from bot.dialogue.faq import menu_button, person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.understand import Answer
from bot.dialogue.wording import Wording
from bot.message import Button, Kind, Say, Worded
from bot.patients import addresses, binding, codes
from bot.patients.addresses import Proven
from bot.patients.binding import Outcome
from bot.patients.binding_rules import (
    CODE_FOR,
    Problem,
    asks_again,
    code_in,
    ends,
    has_digits,
    minutes,
    phone_in,
)
from bot.patients.codes import TEMPLATE, Carrier, Guess
from bot.store.audit import record

_LABELS = {
    "zh-CN": {"drop": ("不绑定了", "取消"), "again": ("再发一个验证码", "新验证码"),
              "unbind": "确认解除绑定", "keep": "不解除"},
    "en": {"drop": ("Not now", "cancel"), "again": ("Send a new code", "new code"),
           "unbind": "Yes, remove the link", "keep": "Keep the link"},
}  # fmt: skip
_NAMES = {
    "zh-CN": {"sms": "短信", "wechat": "微信", "telegram": "Telegram", "webchat": "网页"},
    "en": {
        "sms": "text message",
        "wechat": "WeChat",
        "telegram": "Telegram",
        "webchat": "web chat",
    },
}
_FIVE = CODE_FOR // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Post:
    """How something is said in another conversation than the one whose turn it is.

    Attributes:
        channels: as the application keys them.
        today: the hospital's date at an instant.
    """

    channels: Mapping[str, Channel]
    wording: Wording
    facts: Facts
    today: Callable[[datetime], date]

    def limits(self, channel: str, account: str) -> Limits:
        """Return what an account can carry; the least where it is not set up any more."""
        known = channel_of(self.channels, channel, account)
        return known.limits if known else Limits()

    def word(self, scene: Scene, say: Say, limits: Limits) -> Worded:
        """Return `say` in the language of the conversation whose turn it is."""
        session = scene.session
        known = {"h": self.facts.info(session.lang), "today": self.today(scene.now)}
        return self.wording.word(say, session.lang, limits, known, traditional=session.traditional)


class BindFlow:
    """Asks for a phone, sends it a code, takes the code; unlinks; notes the preferred channel.

    Args:
        region: whose way of writing phones is meant where none is named: "CN".
        said: called after the commit with each other conversation in which something was said.
    """

    def __init__(
        self,
        post: Post,
        region: str | None,
        said: Callable[[int], None],
    ) -> None:
        self._post = post
        self._region = region
        self._said = said

    @property
    def _carrier(self) -> Carrier | None:
        """What sends the codes now: an account may join a running application."""
        return carrier_of(self._post.channels)

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `start`, `number`, `code`, `unbind`, `unbound`, `kept` or `prefer`."""
        scene.session.misses = 0
        match entry:
            case "start":
                return self._start(scene)
            case "number" | "code":
                return self._answered(scene, entry)
            case "unbind":
                return self._unbind(scene)
            case "unbound" | "kept":
                return self._decided(scene, entry)
            case "prefer":
                return self._prefer(scene)
            case _:
                raise ValueError(f"bind has no entry {entry}")

    def _start(self, scene: Scene) -> Step:
        known = addresses.proven(scene.tx, scene.conversation_id)
        if known is not None:
            return self._told(scene, "already", {"tail": ends(known.phone)})
        carrier = self._carrier
        if carrier is None:
            return self._told(scene, "unavailable")
        if addresses.channel_name(scene.tx, scene.conversation_id) == carrier.channel:
            return self._told(scene, "from_another")  # a text message proves nothing by itself
        return self._ask(scene, "ask_number", "number")

    def _answered(self, scene: Scene, entry: str) -> Step:
        """Take whatever was written while a number or a code was asked for."""
        said, carrier = scene.understood, self._carrier
        if carrier is None:
            return self._told(scene, "unavailable")
        if said.act == "no":
            return Step(goto=Goto("faq", "dropped"))
        code = code_in(said.text) if entry == "code" else None
        if code is not None:
            return self._guessed(scene, code, carrier)
        if entry == "code" and asks_again(said.text):
            phone = codes.last_phone(scene.tx, scene.conversation_id)
            return self._send(scene, phone, entry, carrier) if phone else self._start(scene)
        return self._number(scene, entry, carrier)

    def _number(self, scene: Scene, entry: str, carrier: Carrier) -> Step:
        """Take a number where one is named, also in place of a code; else say what is expected."""
        said = scene.understood
        phone = phone_in(said.text, self._region)
        if not isinstance(phone, Problem):
            return self._send(scene, phone, entry, carrier)
        if isinstance(said.decision, Answer) and not has_digits(said.text):
            scene.session.expect = scene.asked  # a question in between; ours stays open
            return Step(goto=Goto("faq", "answer", {"intent": said.decision.match.intent}))
        if entry == "code":
            return self._ask(scene, "not_a_code", "code")
        return self._ask(scene, "not_a_number", "number", {"why": phone.value})

    def _send(self, scene: Scene, phone: str, entry: str, carrier: Carrier) -> Step:
        limits = self._post.limits(carrier.channel, carrier.account)

        def word(code: str) -> str:
            values = {"code": code, "minutes": _FIVE}
            return self._post.word(scene, Say("binding/code", Kind.NOTICE, values), limits).text

        wait = codes.send(scene.tx, scene.conversation_id, phone, carrier, word, scene.now)
        if wait:
            return self._ask(scene, "too_often", entry, {"minutes": minutes(wait)})
        return self._ask(scene, "code_sent", "code", {"tail": ends(phone), "minutes": _FIVE})

    def _guessed(self, scene: Scene, code: str, carrier: Carrier) -> Step:
        guessed = codes.guess(scene.tx, scene.conversation_id, code, scene.now)
        if guessed.guess is not Guess.RIGHT:
            return self._ask(
                scene, "wrong", "code", {"why": guessed.guess.value, "left": guessed.left}
            )
        linked = binding.link(
            scene.tx, scene.conversation_id, guessed.phone, carrier, scene.now, region=self._region
        )
        if linked.outcome is Outcome.SOMEBODY_ELSE:
            return self._told(scene, "unlink_first")
        self._tell_everywhere(scene, (linked.phone_conversation, *linked.others))
        return self._told(scene, "linked", {"tail": ends(guessed.phone)})

    def _tell_everywhere(self, scene: Scene, conversations: Sequence[int]) -> None:
        """Tell every other address of the person that there is a new one; nothing else about her.

        A phone that takes no messages of ours had its code, which was asked for, and gets no more.
        """
        known = {reach.conversation_id: reach for reach in
                 addresses.of_conversation(scene.tx, scene.conversation_id)}  # fmt: skip
        for conversation_id in conversations:
            to = known[conversation_id]
            limits = self._post.limits(to.channel, to.account)
            if to.opted_out_at is None and to.unreachable_at is None and limits.free_text:
                worded = self._post.word(scene, Say("binding/joined", Kind.NOTICE), limits)
                addresses.tell(scene.tx, conversation_id, worded, scene.now, pull=limits.pull)
                scene.tx.after_commit.append(partial(self._said, conversation_id))

    def _unbind(self, scene: Scene) -> Step:
        known = addresses.proven(scene.tx, scene.conversation_id)
        if known is None:
            return self._told(scene, "not_linked")
        words = _LABELS[scene.session.lang]
        options = (
            Button(str(words["unbind"]), "flow:bind.unbound"),
            Button(str(words["keep"]), "flow:bind.kept"),
        )
        values = {"tail": ends(known.phone)}
        return Step((
            Say("binding/ask_unlink", Kind.QUESTION, values, options,
                answer=("bind", "kept"), here=True),
        ))  # fmt: skip

    def _decided(self, scene: Scene, entry: str) -> Step:
        """End the link where that was chosen or agreed to; any other word keeps it (I6)."""
        agreed = entry == "unbound" or scene.understood.act == "yes"
        if agreed and binding.unlink(scene.tx, scene.conversation_id, scene.now):
            codes.end(scene.tx, scene.conversation_id, scene.now)
            return self._told(scene, "unlinked")
        if not agreed and isinstance(scene.understood.decision, Answer):
            return Step(
                goto=Goto("faq", "answer", {"intent": scene.understood.decision.match.intent})
            )
        return self._told(scene, "not_linked" if agreed else "kept")

    def _prefer(self, scene: Scene) -> Step:
        asked, lang = str(scene.values["channel"]), scene.session.lang
        values = {"channel": _NAMES[lang].get(asked, asked), "texts": asked == "sms"}
        carrier = self._carrier
        channel = carrier.channel if carrier and asked == "sms" else asked
        known = addresses.proven(scene.tx, scene.conversation_id)
        if known is None or channel not in _proven_channels(scene, known):
            return self._told(scene, "prefer_needs_link", values)
        binding.prefer(scene.tx, known.person_id, channel, (channel,), scene.now)
        record(
            scene.tx, scene.now, binding.PATIENT, "person.prefer", scene.conversation_id, channel
        )
        return self._told(scene, "preferred", values)

    def _ask(
        self, scene: Scene, name: str, entry: str, values: Mapping[str, object] | None = None
    ) -> Step:
        """Ask for a number or a code; nothing but this conversation can answer."""
        words = _LABELS[scene.session.lang]
        shown = ("again", "drop") if entry == "code" else ("drop",)
        shortcuts = tuple(Button(*words[key]) for key in shown)
        return Step((
            Say(f"binding/{name}", Kind.QUESTION, values or {}, shortcuts=shortcuts,
                answer=("bind", entry), here=True),
        ))  # fmt: skip

    def _told(self, scene: Scene, name: str, values: Mapping[str, object] | None = None) -> Step:
        lang = scene.session.lang
        shortcuts = (menu_button(lang), person_button(lang))
        return Step((Say(f"binding/{name}", Kind.NOTICE, values or {}, shortcuts=shortcuts),))


def _proven_channels(scene: Scene, known: Proven) -> set[str]:
    of = addresses.of_person(scene.tx, known.person_id)
    return {reach.channel for reach in of if reach.verified_at}


def carrier_of(channels: Mapping[str, Channel]) -> Carrier | None:
    """Return the first account whose addresses are phones and that can carry a code, or None.

    A channel that others may read (`Limits.private`) is one of text messages.
    """
    for key, channel in channels.items():
        name, _, account = key.partition("/")
        limits = channel.limits
        can = limits.free_text or TEMPLATE in limits.templates
        if not limits.private and can:
            return Carrier(name, account or "main", limits.pull)
    return None


def region_of(locale: str) -> str | None:
    """Return whose phone numbers a hospital of this locale means; None where no one country's."""
    return locale if locale not in ("", "EU") else None
