"""One simulated phone: a stand-in of a platform, what its patients' thumbs can do, what it shows."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from typing import Any

import structlog

from bench.phones.wire import Recorded, Wire
from bench.standins.base import Faults, StandIn

log = structlog.get_logger()

FAULTS = tuple(entry.name for entry in fields(Faults))
#: What a thumb does besides writing; a phone offers those that its platform's stand-in has.
ACTIONS = ("follow", "unfollow", "voice", "photo", "location", "contact", "edit")
_SHOWN = 200
_WRITTEN = 500


class Stage:
    """A phone of the page. Off until `open` is told the stand-in that plays its platform.

    Args:
        patients: returns whoever plays on this phone now.
        closing: set when the server stops.
    """

    def __init__(
        self, name: str, patients: Callable[[], Iterable[str]], closing: asyncio.Event
    ) -> None:
        self.name = name
        self.wire = Wire()
        self.stand_in: StandIn | None = None
        self._patients = patients
        self._closing = closing
        self._doing: set[asyncio.Task[None]] = set()

    def open(self, stand_in: StandIn) -> Recorded:
        """Switch the phone on; return the platform's API for mounting."""
        self.stand_in = stand_in
        return Recorded(stand_in.api, self.wire, "hospital", self._patients, self._closing)

    def around(self, app: Any) -> Recorded:
        """Return the application with what the platform posts to it remembered."""
        return Recorded(app, self.wire, "platform", self._patients, self._closing)

    def state(self, patient: str) -> dict[str, Any]:
        """Return what the page shows of this phone in a patient's hand; JSON."""
        shown = self.stand_in.screen(patient) if self.stand_in else ()
        return {
            "name": self.name,
            "off": self.stand_in is None,
            "patient": patient,
            "screen": [asdict(message) for message in shown[-_SHOWN:]],
            "actions": [action for action in ACTIONS if hasattr(self.stand_in, action)],
            "menu": self._menu(),
            "faults": asdict(self.stand_in.faults) if self.stand_in else {},
            "wire": [asdict(passed) for passed in self.wire.of(patient)],
        }

    def _menu(self) -> list[dict[str, Any]]:
        entries = getattr(self.stand_in, "menu", ())
        return [_entry(entry) for entry in entries]

    def say(self, patient: str, text: str) -> None:
        """Let a patient write; the platform delivers while the page goes on."""
        if self.stand_in is not None:
            self._do(self.stand_in.say(patient, text))

    def gesture(self, patient: str, action: str, value: str) -> bool:
        """Do what a thumb did; say whether this phone can do it."""
        if action in ("tap", "menu"):
            name = "choose" if action == "menu" and hasattr(self.stand_in, "choose") else "say"
            self._do(getattr(self.stand_in, name)(patient, value))
            return True
        if action not in ACTIONS or not hasattr(self.stand_in, action):
            return False
        self._do(getattr(self.stand_in, action)(patient))
        return True

    def fault(self, patient: str, name: str, *, on: bool) -> bool:
        """Turn a fault on or off; say whether there is such a fault.

        WeChat tells us when a patient leaves, and she cannot write any more; on other phones we
        only learn of it when a message is refused.
        """
        if self.stand_in is None or name not in FAULTS:
            return False
        setattr(self.stand_in.faults, name, on)
        if name == "blocked" and self.name == "wechat":
            self.gesture(patient, "unfollow" if on else "follow", "")
        return True

    def _do(self, delivering: Any) -> None:
        task = asyncio.ensure_future(delivering)
        self._doing.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._doing.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            log.warning("phones.not_delivered", phone=self.name, error=type(exc).__name__)

    def trim(self) -> None:
        """Drop what a stand-in wrote down for tests: here it runs for days."""
        for holder in (self.stand_in, getattr(self.stand_in, "platform", None)):
            for name in ("calls", "posted"):
                if isinstance(written := getattr(holder, name, None), list):
                    del written[:-_WRITTEN]

    async def end(self) -> None:
        """Stop delivering."""
        for task in self._doing:
            task.cancel()
        await asyncio.gather(*self._doing, return_exceptions=True)


def _entry(entry: Any) -> dict[str, Any]:
    return {
        "label": entry.label,
        "value": entry.value,
        "items": [_entry(item) for item in entry.items],
    }
