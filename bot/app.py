"""The composition root: the only module that knows every other, and the only one that reads a clock."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import structlog
from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot import web
from bot.channels.base import Channel
from bot.channels.webchat import Webchat
from bot.console.routes import Console, mount_console
from bot.dialogue.faq import FaqFlow
from bot.dialogue.flow import Flow
from bot.dialogue.learning import matcher_for
from bot.dialogue.turn import Turn
from bot.dialogue.turns import Turns
from bot.dialogue.understand import Understander
from bot.dialogue.urgent import UrgentFlow
from bot.dialogue.wording import Wording
from bot.errors import StartError
from bot.handoff.flow import HandoffFlow
from bot.hospital import service as hospital_service
from bot.hospital.files import DEMO, read_folder
from bot.hospital.live import LiveHospital, open_hospital
from bot.hospital.model import Hospital
from bot.messages.delivery import Delivery
from bot.messages.feed import Feed
from bot.patients.flow import ConsentFlow
from bot.settings import Settings
from bot.store.db import Engine, Tx
from bot.store.keyring import load_keyring
from bot.store.setup import open_store
from intents.catalog import Catalog, CatalogError, load_catalog
from intents.match import Matcher
from intents.numbers import Numbers, load_numbers
from intents.urgent import RedFlags, UrgentError, load_red_flags
from scheduler.jobs import Job, Ticker

log = structlog.get_logger()

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  (the one clock)


@dataclass(slots=True)
class App:
    """Everything, put together. `http` is what a server serves."""

    settings: Settings
    engine: Engine
    catalog: Catalog
    hospital: LiveHospital
    wording: Wording
    understander: Understander
    channels: Mapping[str, Channel]
    turns: Turns
    delivery: Delivery
    feed: Feed
    clock: Clock
    http: FastAPI = field(init=False)
    _tasks: list["asyncio.Task[Any]"] = field(default_factory=list)

    def today(self) -> date:
        """Return the hospital's date."""
        return self.clock().astimezone(self.settings.zone).date()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver and sweep until left; then finish what is under way."""
        # An embedded database has one server (its folder is locked): whoever held a lease is dead.
        await self.delivery.recover(alone=self.engine.name == "sqlite")
        ticker = Ticker(self._jobs())
        ticker.start()
        sender = asyncio.create_task(self.delivery.run())
        try:
            yield
        finally:
            self.feed.close()
            ticker.stop()
            await self.turns.finish()
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            await self.engine.close()

    def _jobs(self) -> list[Job]:
        return [
            Job("unhandled messages", 2.0, self.turns.sweep),
            Job("lost deliveries", 10.0, self._recover),
            Job("hospital facts", 1.0, lambda: self.hospital.refresh(self.engine)),
        ]

    async def _recover(self) -> bool:
        return any(await self.delivery.recover())


async def build(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    channels: Mapping[str, Channel] | None = None,
    flows: Mapping[str, Flow] | None = None,
    engine: Engine | None = None,
    facts: Hospital | None = None,
    content: "Content | None" = None,
    matcher: Matcher | None = None,
) -> App:
    """Put an application together; nothing runs until `App.running`.

    Args:
        channels: more channels, by name, beside the web chat.
        flows: more flows, or others in place of ours, by name.
        engine: a database that is already open.
        facts: what an empty database is filled with, in place of the demonstration hospital.
        content: the content folder, already read; nothing in it is ever changed.
        matcher: what learnt that content's questions, for several applications in one process.

    Raises:
        StartError, SettingsError, StoreError: say what is wrong and where.
    """
    engine = engine or open_store(
        settings.store.url, settings.data, load_keyring(settings.key_file)
    )
    hospital = await _hospital(engine, settings, facts, clock())
    content = content or read_content(settings)
    catalog = content.catalog
    matcher = matcher or matcher_for(catalog, settings.data / "learnt")
    understander = Understander(catalog, matcher, content.red_flags, hospital.vocabulary)
    wording = Wording(settings.templates / "replies", catalog)
    if problems := wording.check(answers=False):
        raise StartError("\n".join(problems))
    feed = Feed()

    def today(now: datetime) -> date:
        return now.astimezone(settings.zone).date()

    keyring = engine.keyring
    webchat = Webchat(lambda user: keyring.sign(user, "webchat"))
    every_channel: dict[str, Channel] = {Webchat.name: webchat, **(channels or {})}
    numbers = content.numbers[settings.hospital.locale]
    urgent = UrgentFlow(numbers, settings.hospital.locale, feed.said)
    every_flow: dict[str, Flow] = {
        "urgent": urgent,
        "faq": FaqFlow(catalog, hospital, today),
        "handoff": HandoffFlow(settings.hours, feed.said),
        "consent": ConsentFlow(),
        **(flows or {}),
    }
    turn = Turn(
        every_flow, urgent, wording, every_channel, hospital, today, settings.hospital.language
    )
    delivery = Delivery(engine, every_channel, clock, _owner())

    def said(conversation_id: int) -> None:
        feed.said(conversation_id)
        delivery.wake()

    turns = Turns(engine, turn, understander, clock, today, said)
    app = App(
        settings, engine, catalog, hospital, wording, understander, every_channel, turns, delivery,
        feed, clock,
    )  # fmt: skip
    app.http = _http(app, webchat, numbers.emergency)
    return app


@dataclass(frozen=True, slots=True)
class Content:
    """Everything staff and clinicians edit, read and checked."""

    catalog: Catalog
    red_flags: RedFlags
    numbers: Mapping[str, Numbers]


def read_content(settings: Settings) -> Content:
    """Read the content folder.

    Raises:
        StartError: it cannot be used; every problem is named.
    """
    folder = settings.content_folder
    try:
        return Content(load_catalog(folder), load_red_flags(folder), load_numbers(folder))
    except (CatalogError, UrgentError) as exc:
        raise StartError("\n".join(exc.problems)) from exc


async def _hospital(
    engine: Engine, settings: Settings, facts: Hospital | None, now: datetime
) -> LiveHospital:
    """Return the saved hospital; where nothing was saved yet, save `facts` or the demonstration."""
    known = await open_hospital(engine)
    if known is not None:
        return known
    if facts is None and not settings.hospital.demo:
        raise StartError("no hospital was imported yet: run `daoyi import hospital FOLDER` first")
    first = facts or read_folder(DEMO)

    def save(tx: Tx) -> None:
        with tx.session() as session:
            hospital_service.save(session, first, now)

    await engine.write(save)
    made = await open_hospital(engine)
    if made is None:
        raise StartError("the first facts could not be stored")
    return made


def _http(app: App, webchat: Webchat, emergency: tuple[str, ...]) -> FastAPI:
    settings = app.settings
    templates = Environment(
        loader=FileSystemLoader(settings.templates),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True, default_for_string=True),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with app.running():
            yield

    http = FastAPI(
        title="Daoyi 导医", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None
    )
    default = settings.hospital.language
    languages = (default, *(lang for lang in app.catalog.languages if lang != default))
    public = web.Public(
        app.engine, app.turns, webchat, app.feed, templates, settings.templates / "webchat",
        web.page_values(settings.templates / "webchat", app.hospital.info, emergency),
        languages, settings.limits.flood, settings.limits.flood_seconds,
    )  # fmt: skip
    web.mount(http, public)
    mount_console(http, Console(app.engine, app.channels, app.wording, app.hospital, app.feed,
                                app.delivery.wake, app.clock, templates, settings.templates / "console",
                                settings.hospital.language, settings.zone))  # fmt: skip
    return http


def _owner() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"
