"""Somebody who plays on the simulated phones of a real server without a browser."""

import json
import re
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

PATIENCE = 45.0

Message = dict[str, Any]

_OPTION = re.compile(r"([1-8]) (\S.*)")
#: A person, or once more: digits where there are no buttons.
_ALWAYS = re.compile(r"[09] \S.*")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the hospital said to one message, whatever the channel made of it.

    Attributes:
        text: the words, without buttons and without the digits that stand for them.
        options: what may be chosen, in order.
    """

    text: str
    options: tuple[str, ...] = ()


class Talks(Protocol):
    """One way to write to the hospital."""

    name: str

    def ask(self, text: str) -> list[Message]:
        """Write; return the messages that came in answer, with their buttons as (label, value)."""
        ...


@dataclass
class Phones:
    """One visit of the page's own API."""

    http: httpx.Client
    visit: str = ""
    time: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.visit = self._post("/phones/api/visits", {})["visit"]

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.http.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    def act(self, phone: str, what: str, **body: Any) -> None:
        self._post(f"/phones/api/{self.visit}/{phone}/{what}", body)

    def fault(self, phone: str, name: str, *, on: bool = True) -> None:
        self.act(phone, "fault", name=name, on=on)

    def forward(self, action: str, to: str = "") -> dict[str, Any]:
        """Put the clock forward and wait until it is there; return what the page shows of it."""
        self._post(f"/phones/api/{self.visit}/clock", {"action": action, "to": to})
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.states()
            if self.time["until"] is None:
                return self.time
            time.sleep(0.1)
        raise AssertionError(f"the clock is still under way: {self.time}")

    def states(self) -> dict[str, dict[str, Any]]:
        """Return what the page would show of each phone now."""
        found: dict[str, dict[str, Any]] = {}
        with self.http.stream("GET", f"/phones/api/{self.visit}/events") as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    state = json.loads(line.removeprefix("data: "))
                    if "name" not in state:  # the clock
                        self.time = state
                        continue
                    found[state["name"]] = state
                if len(found) == 3:
                    return found
        raise AssertionError("the stream ended")

    def state(self, phone: str) -> dict[str, Any]:
        return self.states()[phone]

    def said(self, phone: str) -> list[Message]:
        """Return what the hospital said on a phone."""
        screen = self.state(phone)["screen"]
        return [message for message in screen if message["who"] == "hospital"]

    def until(self, phone: str, right: "Right", why: str) -> dict[str, Any]:
        """Wait until a phone's state is right; return it."""
        deadline = time.monotonic() + PATIENCE
        state: dict[str, Any] = {}
        while time.monotonic() < deadline:
            state = self.state(phone)
            if right(state):
                return state
            time.sleep(0.15)
        shown = [(m["who"], m["text"], m["note"]) for m in state["screen"]]
        wire = [(p["sender"], p["what"], p["result"]) for p in state["wire"]][-12:]
        raise AssertionError(f"{phone}: {why}\n{shown}\n{state['desk']}\n{wire}")

    def settled(self, phone: str, before: int) -> dict[str, Any]:
        """Wait until something new was said and nothing more is on its way."""

        def right(state: dict[str, Any]) -> bool:
            desk = state["desk"]
            heard = [m for m in state["screen"] if m["who"] == "hospital"]
            return bool(desk["known"]) and not desk["ready"] and len(heard) > before

        return self.until(phone, right, "nothing was said")


class Right(Protocol):
    """Says whether a state is as it should be."""

    def __call__(self, state: dict[str, Any], /) -> bool: ...


@dataclass
class OnPhone:
    """Somebody who writes on one phone; what stands on it already answers nothing she asks."""

    phones: Phones
    name: str
    seen: int = field(init=False)

    def __post_init__(self) -> None:
        self.seen = len(self.phones.said(self.name))

    def ask(self, text: str) -> list[Message]:
        self.phones.act(self.name, "say", text=text)
        state = self.phones.settled(self.name, self.seen)
        heard = [m for m in state["screen"] if m["who"] == "hospital"]
        new, self.seen = heard[self.seen :], len(heard)
        return new


@dataclass
class OnPage:
    """Somebody who writes on the web chat."""

    http: httpx.Client
    name: str = "webchat"
    count: int = 0
    token: str = field(default="", repr=False)

    def ask(self, text: str) -> list[Message]:
        if not self.token:
            self.token = self.http.post("/webchat/sessions").json()["token"]
        self.count += 1
        answer = self.http.post(
            "/webchat/messages",
            json={"id": str(self.count), "text": text},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        answer.raise_for_status()
        return [
            {**reply, "buttons": [[b["label"], b["value"]] for b in reply["buttons"]]}
            for reply in answer.json()["replies"]
        ]


def meaning(messages: Sequence[Message], shortcuts: Collection[str]) -> Reply:
    """Return what messages say, without what only this channel does: buttons or digits, one or several.

    Args:
        shortcuts: labels of buttons that only save typing, as a channel with buttons shows them.
    """
    text = "\n".join(message["text"] for message in messages)
    labels = [label for message in messages for label, _ in message["buttons"]]
    numbered = [found[1] for label in labels if (found := re.fullmatch(r"\d (.+)", label))]
    lines = []
    for line in text.splitlines():
        words = line.strip()
        for label in shortcuts:  # "0 转人工", "menu What can I ask?", two of them on a line
            words = re.sub(rf"(?:^| )\S+ {re.escape(label)}$", "", words).strip()
        if found := _OPTION.fullmatch(words):
            numbered.append(found[2])
        elif words and not _ALWAYS.fullmatch(words):
            lines.append(words)
    return Reply("\n".join(lines), tuple(numbered))


def shortcuts_of(messages: Sequence[Message]) -> set[str]:
    """Return the labels of the buttons that are no numbered choice."""
    labels = {label for message in messages for label, _ in message["buttons"]}
    return {label for label in labels if not re.match(r"\d ", label)}


def everywhere(http: httpx.Client) -> Iterator[Talks]:
    """Yield a new patient on each of the four channels."""
    phones = Phones(http)
    for name in ("wechat", "telegram", "sms"):
        yield OnPhone(phones, name)
    yield OnPage(http)
