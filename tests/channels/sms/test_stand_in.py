"""The simulated phones' Kannel: our channel and our hook cannot tell it from the real one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import uvicorn

from bench.standins.base import StandIn
from bench.standins.kannel import Kannel
from bot.channels.base import HookAnswer, HookRequest, Tools
from bot.channels.sms import Sms, open_channel
from bot.message import Inbound, Progress, Receipt, Sent
from tests.channels.sms.conftest import Hook
from tests.channels.sms.shared import NOW, letter, outcome
from tests.channels.sms.table import Fault

NUMBER = "+12025550123"


class Stage:
    """A stand-in that is played, the channel on it, and our side of the hook."""

    def __init__(self, stand_in: Kannel, channel: Sms, hook: Hook) -> None:
        self.stand_in, self.channel, self.hook = stand_in, channel, hook
        self.heard: list[Inbound] = []
        self.receipts: list[Receipt] = []
        self.away = 0

    async def take(self, request: HookRequest) -> HookAnswer:
        """Do what the application does."""
        if self.away:
            self.away -= 1
            return HookAnswer(b"", "text/plain", 503)
        for item in self.channel.parse(request, self.channel.verify(request)):
            if isinstance(item, Inbound):
                self.heard.append(item)
            elif isinstance(item, Receipt):
                self.receipts.append(item)
        return self.channel.ack(request, [])

    @property
    def shown(self) -> list[tuple[str, str, str]]:
        """What the phone shows."""
        return [(one.who, one.text, one.note) for one in self.stand_in.screen(NUMBER)]


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    with contextlib.closing(made):
        yield made


@pytest.fixture
async def stage(hook: Hook) -> AsyncIterator[Stage]:
    made: Kannel

    async def api(scope: dict[str, object], receive: object, send: object) -> None:
        await made.api(scope, receive, send)  # type: ignore[arg-type]

    server = uvicorn.Server(uvicorn.Config(api, port=0, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    made = Kannel(f"{hook.base}/hooks/sms/kannel/demo", f"http://127.0.0.1:{port}")
    options, secrets = made.account
    channel = open_channel("demo", options, secrets, Tools(lambda: NOW, "the phones", region="CN"))
    stage = Stage(made, channel, hook)
    hook.handled_by(stage.take)
    playing = asyncio.create_task(made.run())
    yield stage
    playing.cancel()
    server.should_exit = True
    await asyncio.gather(playing, serving, return_exceptions=True)


def test_it_is_a_stand_in() -> None:
    stand_in: StandIn = Kannel("http://127.0.0.1:1/hooks/sms/kannel/demo", "http://127.0.0.1:1")
    assert stand_in.name == "sms"
    assert list(stand_in.screen(NUMBER)) == []


async def test_a_text_goes_to_the_phone_and_its_receipts_come(stage: Stage) -> None:
    sent = await stage.channel.send(letter("您好" * 40, to=NUMBER))
    assert sent == Sent(None, Progress.ACCEPTED)
    await stage.hook.got(2)
    assert [(one.progress, one.message_id, one.part) for one in stage.receipts] == [
        (Progress.SENT, 7, 1), (Progress.DELIVERED, 7, 1),
    ]  # fmt: skip
    assert stage.shown == [("hospital", "您好" * 40, "2 parts, UCS-2")]


@pytest.mark.parametrize("text", ["你好，停车多少钱？", "hello & 100% +", "a😀b", "1"])
async def test_a_phone_writes(stage: Stage, text: str) -> None:
    await stage.stand_in.say(NUMBER, text)
    (inbound,) = stage.heard
    assert (inbound.text, inbound.address.user) == (text, NUMBER)
    assert [one[:2] for one in stage.shown] == [("patient", text)]


REPEATED = [pytest.param("duplicate", 2), pytest.param("retry_storm", 6)]


@pytest.mark.parametrize(("fault", "times"), REPEATED)
async def test_a_message_comes_again_with_the_same_key(
    stage: Stage, fault: str, times: int
) -> None:
    setattr(stage.stand_in.faults, fault, True)
    await stage.stand_in.say(NUMBER, "你好")
    assert len(stage.heard) == times
    assert len({one.key for one in stage.heard}) == 1


async def test_what_we_could_not_store_comes_again(stage: Stage) -> None:
    stage.away = 1
    await stage.stand_in.say(NUMBER, "你好")
    assert [one.text for one in stage.heard] == ["你好"]


async def test_two_messages_overtake_one_another(stage: Stage) -> None:
    stage.stand_in.faults.out_of_order = True
    first = asyncio.create_task(stage.stand_in.say(NUMBER, "一"))
    await asyncio.sleep(0)
    await stage.stand_in.say(NUMBER, "二")
    await first
    assert [one.text for one in stage.heard] == ["二", "一"]


async def test_receipts_come_late_twice_and_out_of_order(stage: Stage) -> None:
    stage.stand_in.faults.duplicate = stage.stand_in.faults.out_of_order = True
    await stage.channel.send(letter(to=NUMBER))
    await stage.hook.got(4)
    delivered, sent = Progress.DELIVERED, Progress.SENT
    assert [one.progress for one in stage.receipts] == [delivered, delivered, sent, sent]


async def test_a_blocked_number_gets_nothing(stage: Stage) -> None:
    stage.stand_in.faults.blocked = True
    await stage.channel.send(letter(to=NUMBER))
    await stage.hook.got(2)
    assert stage.receipts[-1].progress is Progress.UNDELIVERED
    assert stage.receipts[-1].code == "error_51"
    assert stage.shown == []


FAULTS = [
    pytest.param("gateway_dead", Fault("TryLater", "kannel_503"), 0, id="gateway dead"),
    pytest.param(
        "token_expired", Fault("NeedsOperator", "kannel_403"), 0, id="password no longer known"
    ),
    pytest.param(
        "slow_answer", Fault("Unknown", "kannel_no_answer"), 1, id="took it, answers too late"
    ),
]


@pytest.mark.parametrize(("name", "fault", "shown"), FAULTS)
async def test_a_fault_button(stage: Stage, name: str, fault: Fault, shown: int) -> None:
    setattr(stage.stand_in.faults, name, True)
    fault.check(await outcome(stage.channel, letter(to=NUMBER)))
    assert len(stage.shown) == shown


async def test_only_its_own_password_gets_in(stage: Stage) -> None:
    options, _ = stage.stand_in.account
    wrong = {"password": "another", "hook_secret": "s" * 16}
    channel = open_channel("demo", options, wrong, Tools(lambda: NOW, "the phones"))
    Fault("NeedsOperator", "kannel_403").check(await outcome(channel, letter(to=NUMBER)))
    found = await stage.channel.check()
    assert [finding.ok for finding in found] == [True, True]


async def test_it_takes_x_kannel_headers_too(stage: Stage) -> None:
    options, secrets = stage.stand_in.account
    channel = open_channel("demo", {**options, "method": "POST"}, secrets, Tools(lambda: NOW, "x"))
    await channel.send(letter("您好", to=NUMBER))
    assert stage.shown == [("hospital", "您好", "1 part, UCS-2")]


async def test_a_phone_is_thrown_away(stage: Stage) -> None:
    await stage.channel.send(letter(to=NUMBER))
    stage.stand_in.forget(NUMBER)
    assert stage.shown == []


async def test_without_a_number_it_refuses(stage: Stage) -> None:
    options, secrets = stage.stand_in.account
    query = {"username": str(options["username"]), "password": secrets["password"]}
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{options['api_base_url']}/cgi-bin/sendsms", params=query)
    assert (answer.status_code, answer.text) == (400, "Missing receiver number, rejected")
