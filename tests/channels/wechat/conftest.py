"""The hospital with one official account, and the platform around it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from bench.standins.base import Shown
from bench.standins.wechat import Wechat as StandIn
from bot.app import App, Content, build
from bot.channels.base import Passive
from bot.channels.wechat import Wechat
from bot.hospital.model import Hospital
from bot.message import Address, Kind, Template, Worded
from bot.messages import history, inbox, outbox
from bot.settings import Settings
from bot.store.db import Engine, Tx
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.letters import row
from tests.helpers.platforms import SlowHospital
from tests.helpers.wechat import KEPT, USER, Wire, beside

OPTIONS = {"templates": {"visit": "TM-1"}, "notices": {"moved": "NT-1"}}
HOOK = "http://127.0.0.1/hooks/wechat/main"


@dataclass(slots=True)
class Ward:
    """An application, its platform, and one patient's phone."""

    app: App
    store: SlowHospital
    platform: StandIn
    account: Wechat
    clock: Clock

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What the phone shows of others, as (text, how it came)."""
        return [(one.text, one.note) for one in self._screen if one.who == "hospital"]

    @property
    def notices(self) -> list[str]:
        """What the phone shows of the platform itself."""
        return [one.text for one in self._screen if one.who == "platform"]

    @property
    def _screen(self) -> list[Shown]:
        return list(self.platform.screen(USER))

    async def settle(self, seconds: float = 20) -> None:
        """Let every turn end and time pass, and send what is due."""
        await self.app.turns.finish()
        self.clock.now += timedelta(seconds=seconds)
        while await self.app.delivery.drain():
            pass
        await self.platform.report()

    async def stored(self) -> int:
        """Return how many messages of patients are stored."""
        return sum((await self.app.engine.read(inbox.counts)).values())

    async def outgoing(self) -> dict[str, int]:
        """Return how many messages of ours there are in each state."""
        return await self.app.engine.read(outbox.counts)

    async def tell(self, *texts: str, template: Template | None = None) -> None:
        """Queue messages to the patient, each on its own."""

        def store(tx: Tx) -> None:
            found = history.conversation_of(tx, Address("wechat", "main", USER))
            assert found
            for text in texts:
                kind = Kind.REMINDER if template else Kind.STAFF
                worded = Worded(text, kind, template=template)
                place = outbox.next_place(tx, found)
                outbox.enqueue(tx, found, place, worded, self.clock(), pull=False)

        await self.app.engine.write(store)

    async def row(self, text: str) -> Any:
        """Return one message as it is stored."""
        return await row(self.app.engine, text)

    def hurry(self, **passive: Any) -> None:
        """Let what is too late be so soon."""
        self.account.limits = replace(self.account.limits, passive=Passive(**passive))


@pytest.fixture
def stand_in(clock: Clock) -> StandIn:
    """The platform, where one patient just wrote."""
    made = StandIn(HOOK, "http://wechat.test", clock=lambda: clock().timestamp())
    made._windows[USER] = clock().timestamp() + 48 * 3600, 5
    return made


@pytest.fixture
def account(stand_in: StandIn, clock: Clock) -> Wechat:
    """The account, with a template and a notice."""
    return beside(stand_in, clock, templates=KEPT, notices={"moved": "NT-1"})


@pytest.fixture
async def open_ward(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    content: Content,
    matcher: Matcher,
    demonstration: Hospital,
) -> AsyncIterator[Callable[..., Awaitable[Ward]]]:
    """A function that opens the hospital on an account with these options."""
    opened: list[Ward] = []

    async def open_one(mode: str = "secure", **options: Any) -> Ward:
        def now() -> float:
            return clock().timestamp()

        platform = StandIn(HOOK, "http://wechat.test", mode=mode, clock=now, options=OPTIONS)
        account = beside(platform, clock, **options)
        store = SlowHospital(engine)
        app = await build(
            settings, clock=clock, engine=store, content=content, matcher=matcher,
            facts=demonstration, channels={"wechat/main": account},
        )  # fmt: skip
        platform._transport = Wire(app.http)
        opened.append(Ward(app, store, platform, account, clock))
        return opened[-1]

    yield open_one
    for ward in opened:
        ward.store.open()
        await ward.app.turns.finish()
        await ward.platform.close()
        await ward.account._api.close()


@pytest.fixture
async def ward(open_ward: Callable[..., Awaitable[Ward]]) -> Ward:
    """The hospital on an account in secure mode."""
    return await open_ward()
