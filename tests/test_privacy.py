"""Private words never reach logs, URLs, metrics or errors: a whole day of conversations (I8)."""

import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import structlog
from sqlmodel import select

from bot.app import App, Content, build
from bot.console.guard import Form
from bot.dialogue.flow import Scene, Step
from bot.errors import BadInput, SendError, StoreError, TryLater
from bot.hospital.model import Hospital
from bot.logs import set_up
from bot.messages import history
from bot.settings import Settings
from bot.store.db import Engine, Tx
from bot.store.tables import Audit, Inbox
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.live import LiveServer
from tests.helpers.world import PATIENTS, STAFF, TextMessages, World

WORDS = "蓝鲸金丝雀"
NAME = "欧阳修远"
PHONE = "13766668888"
DOCUMENT = "110101199003078888"
PASSWORD = "canary-passphrase-7731"
NOTE = "青霉素过敏"
CANARIES = (WORDS, NAME, PHONE, DOCUMENT, PASSWORD, NOTE, "canary", "金丝雀")


def leaks(text: str, more: tuple[str, ...] = ()) -> list[str]:
    """Return the canaries in a text, as they are or as JSON, URL or bytes would write them."""
    found = []
    for canary in (*CANARIES, *more):
        spellings = {
            canary,
            json.dumps(canary)[1:-1],
            str(httpx.QueryParams({"x": canary}))[2:],
            repr(canary.encode())[2:-1],
            canary.encode().hex(),
        }
        found += [canary for spelling in spellings if spelling in text]
    return found


class Breaks:
    """A flow whose errors quote the patient, as careless code and libraries do."""

    def step(self, scene: Scene, entry: str) -> Step:  # noqa: ARG002
        raise ZeroDivisionError(f"{NAME} said {WORDS} and calls {PHONE}")


@dataclass(slots=True)
class Day:
    """An application whose every word is listened to.

    Attributes:
        log: what an operator would see.
        heard: everything any library logs, at any level, with its errors in full.
    """

    app: App
    world: World
    http: httpx.AsyncClient
    clock: Clock
    text: TextMessages
    log: io.StringIO
    heard: list[str]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The log as `daoyi serve` sets it up, at its most talkative."""
    kept = structlog.get_config(), logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        set_up("debug", "json")
    yield stream
    structlog.configure(**kept[0])
    logging.root.handlers[:] = kept[1]
    logging.root.setLevel(kept[2])


@pytest.fixture
async def day(
    engine: Engine, settings: Settings, clock: Clock, content: Content, matcher: Matcher,
    demonstration: Hospital, log: io.StringIO,
) -> AsyncIterator[Day]:  # fmt: skip
    text = TextMessages()
    app = await build(
        settings, clock=clock, engine=engine, content=content, matcher=matcher,
        facts=demonstration, channels={TextMessages.name: text}, flows={"consent": Breaks()},
    )  # fmt: skip
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.partition(".")[0] in (
                "bot",
                "sqlalchemy",
                "psycopg",
                "alembic",
                "asyncio",
            ):
                heard.append(logging.Formatter().format(record))

    listener = Listener(logging.DEBUG)
    logging.root.addHandler(listener)
    logging.getLogger("sqlalchemy").setLevel(logging.INFO)
    transport = httpx.ASGITransport(app=app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Day(app, World(app, http, clock, text), http, clock, text, log, heard)
    logging.getLogger("sqlalchemy").setLevel(logging.NOTSET)
    logging.root.removeHandler(listener)


async def talk(day: Day) -> None:
    """Patients talk by page and by text message; deliveries fail, too."""
    lin, zhao = PATIENTS["小林"], PATIENTS["赵大爷"]
    for words in (
        f"我叫{NAME}，电话{PHONE}，停车多少钱", f"{WORDS}{WORDS}", f"#1.{PHONE}", "阿莫西灵多少钱",
        f"我胸口疼得厉害，喘不上气，我是{NAME}", "人工",
    ):  # fmt: skip
        await day.world.says(lin, "webchat", words)
    day.text.errors += [TryLater("busy"), SendError("refused"), ValueError(f"{WORDS} {PHONE}")]
    for words in (f"俺叫{NAME}", "停车多少钱", "谢谢", WORDS):
        await day.world.says(zhao, "text", words)
        day.clock.move(seconds=30)
        await day.world.hears(zhao, "text")


async def staff_act(day: Day) -> None:
    """Staff read, answer, fill a card, give back."""
    lin, li = PATIENTS["小林"], STAFF["李护士"]
    await day.world.claims(li, lin, "webchat")
    await day.world.replies(li, lin, "webchat", f"{NAME}您好，{WORDS}")
    desk, address = day.world._desk, day.world.address(lin, "webchat")
    actions, conversation_id = await desk._at(li, address)
    card = {"name": NAME, "phone": PHONE, "document": DOCUMENT, "health_note": NOTE}
    await actions.write_card(conversation_id, Form(card))
    with pytest.raises(BadInput):
        await actions.write_card(conversation_id, Form({"name": NAME * 40}))
    await actions.give_back(conversation_id, Form({"note": f"{NOTE} {WORDS}"}))
    with pytest.raises(BadInput):
        await actions.reply(conversation_id, Form({"text": WORDS}))


async def poison(day: Day) -> None:
    page = await day.world._page(PATIENTS["小林"])
    headers = page.headers
    await day.http.post("/webchat/messages", json={"id": "p", "text": "退订"}, headers=headers)
    for _ in range(6):
        day.clock.move(seconds=20)
        await day.app.turns.sweep()
    dead = [row for row in await everything(day, Inbox) if row.state == "dead"]
    assert [row.error for row in dead] == ["ZeroDivisionError"]


async def lose_the_database(day: Day, monkeypatch: pytest.MonkeyPatch) -> list[httpx.Response]:
    page = await day.world._page(PATIENTS["小林"])

    async def gone(op: Callable[[Tx], Any]) -> Any:  # noqa: ARG001
        raise StoreError("the database cannot be reached") from ValueError(
            f"INSERT {WORDS} {PHONE}"
        )

    with monkeypatch.context() as broken:
        broken.setattr(day.app.engine, "write", gone)
        body = {"id": "q", "text": f"{WORDS} {NAME}"}
        answer = await day.http.post("/webchat/messages", json=body, headers=page.headers)
        await day.http.get("/readyz")
    assert answer.status_code == 503

    def refused(tx: Tx) -> None:
        with tx.session() as session:
            row = Inbox(
                conversation_id=10**9, seq=1, channel="x", account="x", key_index=PHONE,
                body={"text": WORDS}, next_try_at=day.clock(), received_at=day.clock(),
            )  # fmt: skip
            session.add(row)

    with pytest.raises(Exception, match=r"(?i)foreign|constraint|refused") as broke:
        await day.app.engine.write(refused)
    logging.getLogger("uvicorn.error").error("%s failed", WORDS, exc_info=broke.value)
    return [answer]


async def everything(day: Day, table: Any) -> list[Any]:
    def read(tx: Tx) -> list[Any]:
        with tx.session() as session:
            return list(session.exec(select(table)).all())

    return await day.app.engine.read(read)


async def test_a_whole_day_leaves_no_private_word_outside(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk(day)
    await staff_act(day)
    await poison(day)
    answers = [*await go_wrong(day), *await lose_the_database(day, monkeypatch)]
    token = (await day.world._page(PATIENTS["小林"])).token
    own = (token, token.rpartition(".")[0], token.rpartition(".")[2])
    lost = ValueError(f"{WORDS} {token}")
    logging.getLogger("asyncio").error("Task exception never retrieved: %s", WORDS, exc_info=lost)
    written = day.log.getvalue()
    assert "turn.failed" in written, "the log was listened to"
    assert "ValueError" in written
    assert leaks(written, own) == []
    assert (
        leaks("\n".join(line for line in day.heard if "Task exception never" not in line), own)
        == []
    )
    assert leaks((await day.http.get("/metrics")).text, own) == []
    for answer in answers:
        assert leaks(str(answer.headers.get("location", ""))) == []
        if answer.headers.get("content-type", "").startswith("application/json"):
            assert leaks(answer.text, own) == [], answer.text
    for row in await everything(day, Audit):
        assert leaks(f"{row.actor} {row.action} {row.detail}", own) == []


async def go_wrong(day: Day) -> list[httpx.Response]:
    """Send what is refused at the edge."""
    page = await day.world._page(PATIENTS["小林"])
    bodies = (
        WORDS.encode(),
        f'{{"id": "{PHONE}", "text": 7}}'.encode(),
        f'{{"{WORDS}": 1}}'.encode(),
        json.dumps({"id": PASSWORD * 9, "text": WORDS}).encode(),
        json.dumps({"id": "1", "text": WORDS * 2_000}).encode(),
    )
    answers = [
        await day.http.post("/webchat/messages", content=body, headers=page.headers)
        for body in bodies
    ]
    answers += [
        await day.http.get(f"/webchat/messages?after={PHONE}x{WORDS}", headers=page.headers),
        await day.http.get(f"/webchat/assets/{WORDS}.js"),
        await day.http.get("/webchat/history", headers={"Authorization": f"Bearer {PASSWORD}.x"}),
        await day.http.post("/console/login", data={"username": NAME, "password": PASSWORD}),
        await day.http.get(f"/console/conversations/1?next={WORDS}"),
        await day.http.get("/console", headers={"Cookie": f"daoyi_staff={PASSWORD}"}),
    ]
    assert all(answer.status_code < 500 for answer in answers)
    return answers


async def test_what_is_stored_cannot_be_read_without_the_key(day: Day) -> None:
    from sqlalchemy import text

    await talk(day)
    await staff_act(day)

    def stored(tx: Tx) -> str:
        tables = ("inbox", "outbox", "conversation", "person", "handoff_case", "red_flag", "audit")
        with tx.session() as session:
            return "".join(
                repr(tuple(bytes(v) if isinstance(v, memoryview) else v for v in row))
                for table in tables
                for row in session.connection().execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            )

    assert leaks(await day.app.engine.read(stored)) == []


async def test_values_say_nothing_when_they_are_printed(day: Day) -> None:
    """A value in an error or a debugger shows no words of a patient."""
    await talk(day)
    address = day.world.address(PATIENTS["小林"], "webchat")
    found = await day.app.engine.read(lambda tx: history.conversation_of(tx, address))
    assert found is not None
    lines = await day.app.engine.read(lambda tx: history.lines(tx, found))
    printed = repr([lines, day.text.sent, address, day.text.sent[0].worded])
    assert leaks(printed, (address.user,)) == []
    assert leaks(repr(day.app.settings)) == []


def test_a_real_server_logs_no_private_word(live_server: LiveServer) -> None:
    with httpx.Client(base_url=live_server.url, timeout=30) as http:
        token = http.post("/webchat/sessions").json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        for number, words in enumerate(
            (f"我叫{NAME}，电话{PHONE}", WORDS, "人工", "\u202e{{ h }}")
        ):
            body = {"id": f"{PASSWORD}{number}", "text": words}
            assert http.post("/webchat/messages", json=body, headers=headers).status_code == 200
        http.post("/webchat/messages", content=WORDS.encode(), headers=headers)
        http.get(f"/webchat/messages?after={PHONE}{WORDS}", headers=headers)
        http.get(f"/{WORDS}")
        metrics = http.get("/metrics").text
    assert leaks("".join(live_server.log) + metrics, (token, token.partition(".")[0])) == []
