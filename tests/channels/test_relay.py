"""The relay: signed JSON both ways, each of our ids shown once, and a conversation through all of it."""

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import App, Content, build
from bot.channels.base import Channel, HookRequest, Tools
from bot.channels.relay import MAX_AGE, Relay, open_channel
from bot.errors import BadInput, NotSigned, SendError, SettingsError
from bot.hospital.model import Hospital
from bot.message import Address, Button, Form, Inbound, Kind, Outbound, Progress, Receipt, Worded
from bot.settings import Settings, load_settings
from bot.store.db import Engine
from intents.match import Matcher
from tests.channels.contract import ChannelContract
from tests.channels.sms.scripted import Says, Scripted
from tests.conftest import ROOT, Clock
from tests.helpers import letters

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
TOOLS = Tools(lambda: NOW, "config.toml: channels.relay.main")
KEY = "key-of-the-tests-and-of-nobody-else"
OURS = Outbound(
    7,
    Address("relay", "main", "u1"),
    Worded("您的复诊在周三", Kind.REMINDER, (Button("知道了", "#7.1"),)),
    at=NOW - timedelta(minutes=5),
)


def opened(url: str = "http://127.0.0.1:9/", **options: Any) -> Relay:
    return open_channel("main", {"send_url": url, **options}, {"key": KEY}, TOOLS)


def signature(stamp: str, body: bytes, key: str = KEY) -> str:
    """Sign as the app does."""
    return hmac.digest(key.encode(), stamp.encode() + b"." + body, "sha256").hex()


def post(said: Any, at: datetime = NOW, key: str = KEY) -> HookRequest:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    stamp = str(int(at.timestamp()))
    headers = {"x-daoyi-timestamp": stamp, "x-daoyi-signature": signature(stamp, body, key)}
    return HookRequest("main", body, headers)


GOOD = post({"id": "k1", "user": "u1", "text": "停车多少钱"})


def changed(**headers: str | None) -> HookRequest:
    both = {**GOOD.headers, **{name.replace("_", "-"): v for name, v in headers.items()}}
    return HookRequest("main", GOOD.body, {name: v for name, v in both.items() if v is not None})


@pytest.fixture(scope="module")
def served() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def receiver(served: Scripted) -> Scripted:
    """The app's own side, which takes everything."""
    served.reset()
    served.says(Says(200, '{"id": "app-1"}'))
    return served


class TestRelay(ChannelContract):
    """The contract, and what only the relay does."""

    name = "relay"
    forged = (
        ("no headers", HookRequest("main", GOOD.body)),
        ("no signature", changed(x_daoyi_signature=None)),
        ("no time", changed(x_daoyi_timestamp=None)),
        ("an empty signature", changed(x_daoyi_signature="")),
        ("a signature in capitals", changed(x_daoyi_signature="ABCDEF0123456789" * 4)),
        ("a signature that is no ASCII", changed(x_daoyi_signature="ÿ" * 64)),
        ("another time than was signed", changed(x_daoyi_timestamp=str(int(NOW.timestamp()) + 1))),
        ("another key", post({"id": "1", "user": "u1", "text": "a"}, key=KEY + "x")),
        ("an empty key", post({"id": "1", "user": "u1", "text": "a"}, key="")),
        ("too old", post(b"{}", NOW - timedelta(seconds=MAX_AGE + 1))),
        ("of the future", post(b"{}", NOW + timedelta(seconds=MAX_AGE + 1))),
        ("a signed time that is none", HookRequest("main", b"{}", {
            "x-daoyi-timestamp": "²", "x-daoyi-signature": signature("²", b"{}"),
        })),
    )  # fmt: skip

    @pytest.fixture(autouse=True)
    def answered(self, receiver: Scripted) -> None:
        self.url = receiver.base

    def channel(self) -> Channel:
        return opened(self.url)

    def request(self, channel: Channel, key: str = "k1", text: str = "停车多少钱") -> HookRequest:  # noqa: ARG002
        return post({"id": key, "user": "u1", "text": text})


@pytest.mark.parametrize("seconds", [-MAX_AGE, 0, MAX_AGE])
def test_the_two_clocks_may_differ_a_little(seconds: int) -> None:
    assert opened().verify(post(b"{}", NOW + timedelta(seconds=seconds))) == ""


@given(place=st.integers(0, len(GOOD.body) - 1), other=st.integers(1, 255))
def test_no_byte_can_be_changed_on_the_way(place: int, other: int) -> None:
    body = bytearray(GOOD.body)
    body[place] ^= other
    with pytest.raises(NotSigned):
        opened().verify(HookRequest("main", bytes(body), GOOD.headers))


@pytest.mark.parametrize(
    ("said", "status", "about"),
    [
        pytest.param(b"", 400, "JSON", id="nothing"),
        pytest.param(b"\xff", 400, "JSON", id="no-text"),
        pytest.param(b"[" * 60_000, 400, "JSON", id="deep"),
        pytest.param(b"9" * 5_000, 400, "JSON", id="a-huge-number"),
        pytest.param(17, 400, "JSON", id="a-number"),
        pytest.param([], 422, "body", id="a-list"),
        pytest.param({"id": "1", "text": "a"}, 422, "user", id="nobody"),
        pytest.param({"id": 1, "user": "u", "text": "a"}, 422, "id", id="a-number-as-id"),
        pytest.param({"id": "1", "user": "u u", "text": "a"}, 422, "user", id="a-space"),
        pytest.param({"id": "1", "user": "u\n", "text": "a"}, 422, "user", id="a-line-end"),
        pytest.param({"id": "1", "user": "u" * 101, "text": "a"}, 422, "user", id="a-long-user"),
        pytest.param({"id": "1", "user": "u", "text": 1}, 422, "text", id="no-words"),
        pytest.param({"id": "1", "user": "u", "form": "smell"}, 422, "form", id="no-such-form"),
        pytest.param({"receipt": 7, "progress": "sent"}, 422, "receipt", id="no-id-of-ours"),
        pytest.param({"receipt": "7-1", "progress": "eaten"}, 422, "progress", id="no-progress"),
        pytest.param({"receipt": "7-1"}, 422, "progress", id="half-a-receipt"),
    ],
)
def test_what_cannot_be_read_is_refused_and_named(said: Any, status: int, about: str) -> None:
    with pytest.raises(BadInput, match=about) as refused:
        opened().parse(post(said), "")
    assert refused.value.status == status


def test_an_emergency_is_read_however_broken_its_emoji() -> None:
    (read,) = opened().parse(post(rb'{"id": "1", "user": "u", "text": "\ud83d \u80f8\u75db"}'), "")
    assert isinstance(read, Inbound)
    assert read.text == "� 胸痛"


def test_a_picture_may_come_without_words() -> None:
    (read,) = opened().parse(post({"id": "1", "user": "u", "form": "image"}), "")
    assert isinstance(read, Inbound)
    assert (read.form, read.text) == (Form.IMAGE, "")


def test_two_users_may_use_the_same_ids() -> None:
    said = [post({"id": "1", "user": user, "text": "x"}) for user in ("a", "b")]
    keys = [
        one.key
        for request in said
        for one in opened().parse(request, "")
        if isinstance(one, Inbound)
    ]
    assert len(set(keys)) == 2


async def sent_by(relay: Relay, receiver: Scripted, letter: Outbound = OURS) -> dict[str, Any]:
    """Send, and return what the receiver read once it had checked who posted."""
    await relay.send(letter)
    asked = receiver.asked[-1]
    stamp = asked.headers["x-daoyi-timestamp"]
    assert asked.headers["x-daoyi-signature"] == signature(stamp, asked.body)
    assert stamp == str(int(NOW.timestamp()))
    found: dict[str, Any] = json.loads(asked.body)
    return found


async def test_what_is_sent_is_the_documented_json(receiver: Scripted) -> None:
    body = await sent_by(opened(f"{receiver.base}/in"), receiver)
    assert (receiver.asked[-1].method, receiver.asked[-1].path) == ("POST", "/in")
    assert body.pop("id").startswith("7-")
    assert body == {
        "user": "u1",
        "text": "您的复诊在周三",
        "kind": "reminder",
        "buttons": [{"label": "知道了", "value": "#7.1"}],
    }


async def test_the_same_message_has_the_same_id_and_another_database_others(
    receiver: Scripted,
) -> None:
    relay = opened(receiver.base)
    anew = Outbound(7, OURS.address, OURS.worded, at=NOW)
    ids = [(await sent_by(relay, receiver, one))["id"] for one in (OURS, OURS, anew)]
    assert ids[0] == ids[1] != ids[2]


async def test_messages_that_are_not_stored_are_never_taken_for_one(receiver: Scripted) -> None:
    """What cannot wait goes out while the database is away: each of it has the number 0."""
    relay, urgent = opened(receiver.base), Outbound(0, OURS.address, OURS.worded)
    ids = [(await sent_by(relay, receiver, urgent))["id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert relay.parse(post({"receipt": ids[0], "progress": "delivered"}), "") == []


async def test_a_receipt_gives_the_id_back_as_it_came(receiver: Scripted) -> None:
    relay = opened(receiver.base)
    said = {"receipt": (await sent_by(relay, receiver))["id"], "progress": "delivered"}
    expected = Receipt("relay", "main", Progress.DELIVERED, message_id=7)
    assert relay.parse(post(said), "") == [expected]


async def test_what_we_sent_cannot_be_posted_back_as_the_patients_own(receiver: Scripted) -> None:
    relay = opened(receiver.base)
    await relay.send(OURS)
    asked = receiver.asked[-1]
    back = HookRequest("main", asked.body, asked.headers)
    with pytest.raises(BadInput):
        relay.parse(back, relay.verify(back))


OUTCOMES: Mapping[str, tuple[Says, str]] = {
    "taken": (Says(200, '{"id": "app-1"}'), "Sent app-1"),
    "taken-with-a-number": (Says(201, '{"id": 17}'), "Sent 17"),
    "taken-in-silence": (Says(204), "Sent None"),
    "taken-with-nonsense": (Says(200, "<html>"), "Sent None"),
    "taken-with-a-list": (Says(200, "[]"), "Sent None"),
    "taken-with-a-strange-id": (Says(200, '{"id": "a b"}'), "Sent None"),
    "moved": (Says(302, headers={"Location": "http://192.0.2.1/"}), "NeedsOperator relay_302"),
    "not-understood": (Says(400), "Refused relay_400"),
    "another-key": (Says(401), "NeedsOperator relay_401"),
    "forbidden": (Says(403), "NeedsOperator relay_403"),
    "a-wrong-address-is-no-patients-fault": (Says(404), "NeedsOperator relay_404"),
    "gone": (Says(410), "Unreachable relay_410"),
    "too-long": (Says(413), "Refused relay_413"),
    "busy": (Says(429, headers={"Retry-After": "17"}), "TryLater relay_429 17.0 whole"),
    "busy-with-a-date": (Says(429, headers={"Retry-After": "Wed"}), "TryLater relay_429 None whole"),
    "busy-forever": (Says(503, headers={"Retry-After": "9" * 99}), "TryLater relay_503 None whole"),
    "broken": (Says(500), "TryLater relay_500 None"),
    "behind-a-gateway": (Says(502), "TryLater relay_502 None"),
    "hung-up": (Says(0), "TryLater relay_no_answer None"),
    "no-answer": (Says(hang=True), "TryLater relay_no_answer None"),
}  # fmt: skip


async def outcome(relay: Relay) -> str:
    try:
        return f"Sent {(await relay.send(OURS)).provider_id}"
    except SendError as exc:
        wait = f" {getattr(exc, 'after', None)}" if type(exc).__name__ == "TryLater" else ""
        whole = " whole" if getattr(exc, "whole_account", False) else ""
        return f"{type(exc).__name__} {exc.code}{wait}{whole}"


@pytest.mark.parametrize("case", list(OUTCOMES))
async def test_every_answer_says_what_may_be_done_next(receiver: Scripted, case: str) -> None:
    says, expected = OUTCOMES[case]
    receiver.says(says)
    assert await outcome(opened(receiver.base, timeout=1)) == expected
    assert len(receiver.asked) == 1


async def test_where_nobody_answers_nothing_of_the_account_is_tried_for_now() -> None:
    gone = Scripted()
    gone.close()
    assert await outcome(opened(gone.base)) == "TryLater relay_no_answer None whole"


@pytest.mark.parametrize(
    ("options", "key", "about"),
    [
        pytest.param({}, KEY, "send_url is missing", id="nowhere-to-send"),
        pytest.param({"send_url": "app.example.org"}, KEY, ".send_url must", id="no-url"),
        pytest.param({"send_url": "ftp://app.example.org"}, KEY, ".send_url must", id="ftp"),
        pytest.param({"send_url": "http://u:p@app.example.org"}, KEY, ".send_url", id="password"),
        pytest.param({"send_url": "http://["}, KEY, ".send_url must", id="half-an-address"),
        pytest.param({"send_url": "http://a", "buttons": -1}, KEY, ".buttons", id="buttons"),
        pytest.param({"send_url": "http://a", "text": 0}, KEY, ".text must be 70", id="text"),
        pytest.param({"send_url": "http://a", "timeout": 0}, KEY, ".timeout", id="timeout"),
        pytest.param({"send_url": "http://a", "speed": 1}, KEY, ".speed is not", id="unknown"),
        pytest.param({"send_url": "http://a"}, "", "DAOYI_RELAY_MAIN_KEY is not set", id="no-key"),
        pytest.param({"send_url": "http://a"}, "short", "DAOYI_RELAY_MAIN_KEY must", id="weak-key"),
    ],
)
def test_what_is_wrong_with_an_account_is_named(
    options: Mapping[str, Any], key: str, about: str
) -> None:
    with pytest.raises(SettingsError, match=r"config\.toml: channels\.relay\.main") as wrong:
        open_channel("main", options, {"key": key}, TOOLS)
    assert about in str(wrong.value)
    assert "short" not in str(wrong.value)


async def test_an_account_looks_at_itself_without_sending_anything(receiver: Scripted) -> None:
    assert [one.ok for one in await opened(receiver.base).check()] == [True, True]
    receiver.says(Says(502))
    assert [one.ok for one in await opened(receiver.base).check()] == [True, False]
    assert receiver.asked[-1].method == "OPTIONS"
    assert receiver.asked[-1].body == b""


@pytest.mark.parametrize(
    ("url", "private", "ok"),
    [
        pytest.param("http://localhost:1/", True, True, id="this-machine"),
        pytest.param("https://localhost:1/", True, True, id="encrypted"),
        pytest.param("http://127.0.0.2:1/", True, False, id="readable"),
        pytest.param("http://127.0.0.2:1/", False, True, id="readable-and-known-to-be"),
    ],
)
async def test_an_open_line_is_named(
    url: str, private: bool, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(*_: object) -> None:
        raise httpx.ConnectError("nobody is there")

    monkeypatch.setattr(Relay, "_ask", nobody)
    privacy, receiver = await opened(url, private=private).check()
    assert (privacy.what, privacy.ok, receiver.ok) == ("privacy", ok, False)


def as_documented(folder: Path, url: str) -> Settings:
    """Take the marks off the block in config.toml, and set the key: all that a hospital does."""
    text = (ROOT / "config.toml").read_text("utf-8")
    block = text[text.index("# [channels.relay.main]") :].split("\n\n")[0]
    text = text.replace(block, block.replace("\n# ", "\n").removeprefix("# "))
    text = text.replace("https://app.example.org", url)
    for name in ("intents/content", "templates"):
        text = text.replace(f'"{name}"', f'"{ROOT / name}"')
    (folder / "config.toml").write_text(text, "utf-8")
    return load_settings(folder / "config.toml", {"DAOYI_RELAY_MAIN_KEY": KEY})


async def posted(app: App, request: HookRequest) -> int:
    """Post as the app does; return the status."""
    transport = httpx.ASGITransport(app=app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        headers = dict(request.headers)
        answer = await http.post("/hooks/relay/main", content=request.body, headers=headers)
    return answer.status_code


async def test_the_documented_block_makes_a_conversation(
    receiver: Scripted,
    engine: Engine,
    clock: Clock,
    content: Content,
    matcher: Matcher,
    demonstration: Hospital,
    tmp_path: Path,
) -> None:
    """A question that comes twice is answered once, though the app is broken at first."""
    app = await build(
        as_documented(tmp_path, receiver.base), clock=clock, engine=engine, content=content,
        matcher=matcher, facts=demonstration,
    )  # fmt: skip
    assert [await posted(app, GOOD) for _ in range(2)] == [200, 200]
    assert await posted(app, HookRequest("main", b"{}", GOOD.headers)) == 403
    await app.turns.finish()
    receiver.says(Says(502), Says(200, '{"id": "app-1"}'))
    await letters.drained(app.delivery)
    clock.move(seconds=10)
    await letters.drained(app.delivery)
    said = [json.loads(asked.body) for asked in receiver.asked]
    assert said[0] == said[1], "what was not taken comes again as it was"
    assert [one["kind"] for one in said[1:]] == ["notice", "answer"]
    assert "停车" in said[2]["text"]
    receipt = {"receipt": said[2]["id"], "progress": "delivered"}
    assert await posted(app, post(receipt, clock())) == 200
    row = await letters.row(engine, said[2]["text"])
    assert (row.state, row.progress, row.provider_id) == ("sent", "delivered", "app-1")
