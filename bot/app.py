"""The composition root: the only module that knows every other, and the only one that reads a clock."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot import web
from bot.api.desk import Api
from bot.api.routes import mount_api
from bot.calendar_page import Calendars, mount_calendar
from bot.channels.base import Channel, MenuItem, Runs, Tools
from bot.channels.menu import load_menu
from bot.channels.opening import open_accounts
from bot.channels.webchat import Webchat
from bot.console.routes import Booked, Cared, Console, mount_console
from bot.dialogue.doubt import DoubtFlow
from bot.dialogue.doubting import DOUBT
from bot.dialogue.faq import FaqFlow
from bot.dialogue.flow import Flow
from bot.dialogue.intake import Intake
from bot.dialogue.learning import Learner, is_learnt, learnt_folder, matcher_at_once
from bot.dialogue.media import MediaFlow
from bot.dialogue.turn import Turn
from bot.dialogue.turns import Turns
from bot.dialogue.understand import Understander, Understood
from bot.dialogue.urgent import UrgentFlow
from bot.dialogue.wording import Wording
from bot.errors import StartError
from bot.handoff.flow import HandoffFlow
from bot.handoff.silence import Silence
from bot.hooks import Hooks, mount_hooks
from bot.hospital.live import LiveHospital
from bot.hospital.model import Hospital
from bot.message import Arrival, Kind, Worded
from bot.messages.delivery import Delivery
from bot.messages.feed import Feed
from bot.patients.bind_flow import BindFlow, region_of
from bot.patients.flow import ConsentFlow
from bot.reminders.elsewhere import elsewhere
from bot.reminders.kinds import Kinds, load_kinds, untold
from bot.reminders.planning import Planner
from bot.settings import Settings
from bot.store.db import Engine
from bot.store.keyring import load_keyring
from bot.store.setup import open_store
from bot.wiring.accounts import Accounts
from bot.wiring.booking import Booking, booking_flows, booking_jobs, desk, open_facts, put_together
from bot.wiring.care import care_flows
from bot.wiring.reminders import Reminding, remind, reminder_flows, reminder_jobs, subjects_of
from intents.catalog import Catalog, CatalogError, load_catalog
from intents.match import Matcher
from intents.numbers import Numbers, load_numbers
from intents.urgent import RedFlags, UrgentError, load_red_flags
from scheduler.jobs import Job, Ticker

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
    channels: dict[str, Channel]
    turns: Turns
    intake: Intake
    delivery: Delivery
    feed: Feed
    booking: Booking
    reminding: Reminding
    silence: Silence
    clock: Clock
    learner: Learner | None
    http: FastAPI = field(init=False)
    _accounts: Accounts = field(init=False)

    def __post_init__(self) -> None:
        self._accounts = Accounts(
            self.engine, self.channels, self.clock, self.arrived, self.delivery.health
        )

    def today(self) -> date:
        """Return the hospital's date."""
        return self.clock().astimezone(self.settings.zone).date()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver and sweep until left; then finish what is under way."""
        # An embedded database has one server (its folder is locked): whoever held a lease is dead.
        await self.delivery.recover(alone=self.engine.name == "sqlite")
        await self.reminding.port.recover(alone=self.engine.name == "sqlite")
        await self.hospital.open_clinics(self.engine, self.settings.zone, self.clock())
        ticker = Ticker(self.jobs())
        ticker.start()
        sender = asyncio.create_task(self.delivery.run())
        runs = self._accounts.start()
        learning = asyncio.create_task(self._learn())
        try:
            yield
        finally:
            self.feed.close()
            await _cancelled(learning)
            ticker.stop()
            await self.reminding.sweep.finish()
            await _cancelled(*runs)
            await self.turns.finish()
            await self.intake.finish()
            await _cancelled(sender)
            await self.engine.close()

    async def _learn(self) -> None:
        """Learn, beside the patients, what the matcher does not know yet."""
        if self.learner is not None and not is_learnt(self.understander.matcher):
            await self.learner.learn()

    async def arrived(self, arrivals: Sequence[Arrival]) -> None:
        """Store what a platform delivered and start its turns; returns after the commit.

        Raises:
            StoreError: nothing was stored; let the platform deliver it again.
        """
        await self.intake.receive(arrivals)

    def accounts(self) -> dict[str, str]:
        """Return each account of a platform with "ready", or what an operator must see to."""
        return self._accounts.tell()

    async def join(self, name: str, channel: Channel) -> None:
        """Take in one more account, "<channel>/<account>", and do its work until cancelled."""
        self.channels[name] = channel
        if isinstance(channel, Runs):
            await self._accounts.keep_running(name, channel)

    def jobs(self) -> list[Job]:
        """Return what happens by itself as time goes by."""
        return [
            Job("unhandled messages", 2.0, self.turns.sweep),
            Job("lost deliveries", 10.0, self._recover),
            Job("deliveries in doubt", 10.0, self.delivery.settle),
            Job("hospital facts and clinics", 1.0, self._keep_clinics),
            *self.silence.jobs(),
            *booking_jobs(self.booking),
            *reminder_jobs(self.reminding),
        ]

    async def publish(self, days: Sequence[date] | None = None) -> int:
        """Make clinics and slots of these days, or of all, what the newest facts say; count changes."""
        return await self.hospital.publish(self.engine, self.settings.zone, self.clock(), days)

    async def _keep_clinics(self) -> int:
        return await self.hospital.keep(self.engine, self.settings.zone, self.clock())

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
    serves: bool = True,
) -> App:
    """Put an application together; nothing runs until `App.running`.

    Args:
        channels: more channels, by name, beside the web chat.
        flows: more flows, or others in place of ours, by name.
        engine: a database that is already open.
        facts: what an empty database is filled with, in place of the demonstration hospital.
        content: the content folder, already read; nothing in it is ever changed.
        matcher: what learnt that content's questions, for several applications in one process.
        serves: with `App.http`; a simulation has nobody who asks for pages.

    Raises:
        StartError, SettingsError, StoreError: say what is wrong and where.
    """
    engine = engine or open_store(
        settings.store.url, settings.data, load_keyring(settings.key_file)
    )
    hospital = await open_facts(engine, settings, facts, clock())
    content = content or read_content(settings)
    catalog = content.catalog
    # A missing secret is said before anything that takes a while.
    accounts = open_channels(settings, hospital, content.menu, clock)
    known = matcher or matcher_at_once(catalog, learnt_folder())
    understander = Understander(catalog, known, content.red_flags, hospital.vocabulary)
    learner = None if matcher else Learner(settings.file, catalog, understander.learn)
    wording = Wording(settings.templates / "replies", catalog)
    texts: set[str] = set().union(*map(wording.names, catalog.languages))
    if problems := [*wording.check(answers=False), *untold(content.kinds, texts)]:
        raise StartError("\n".join(problems))
    feed = Feed()

    def local(now: datetime) -> datetime:
        return now.astimezone(settings.zone)

    def today(now: datetime) -> date:
        return local(now).date()

    keyring = engine.keyring
    webchat = Webchat(lambda user: keyring.sign(user, "webchat"))
    every_channel: dict[str, Channel] = {Webchat.name: webchat, **accounts, **(channels or {})}

    def said(conversation_id: int) -> None:
        feed.said(conversation_id)
        delivery.wake()

    booking = put_together(
        settings, engine, hospital, every_channel, wording, clock, said, Planner(content.kinds)
    )
    owner = _owner()
    reminding = remind(
        booking, content.kinds, subjects_of(booking), owner, lambda: turns.is_busy,
        lambda: turns.is_running,
    )  # fmt: skip
    numbers = content.numbers[settings.hospital.locale]
    urgent = UrgentFlow(numbers, settings.hospital.locale, feed.said, settings.hours)

    def reads(text: str, now: datetime) -> Understood:
        return understander.understand(text, today(now), local(now).time())

    every_flow: dict[str, Flow] = {
        "urgent": urgent,
        DOUBT: DoubtFlow(urgent, content.red_flags.answers, reads),
        "faq": FaqFlow(catalog, hospital, today),
        "handoff": HandoffFlow(settings.hours, feed.said),
        "consent": ConsentFlow(),
        "media": MediaFlow(),
        "bind": BindFlow(
            booking.post,
            region_of(settings.hospital.locale),
            feed.said,
        ),
        **booking_flows(booking),
        **care_flows(booking, reminding.care),
        **reminder_flows(booking, reminding, catalog.reminding),
        **(flows or {}),
    }
    turn = Turn(
        every_flow, urgent, wording, every_channel, hospital, today, settings.hospital.language
    )

    def neutral(lang: str, kind: Kind) -> Worded:
        return wording.neutral(lang, kind, {"h": hospital.info(lang)})

    delivery = Delivery(
        engine, every_channel, clock, owner, order=settings.delivery.fallback,
        neutral=neutral, said=feed.said, lang=settings.hospital.language,
        elsewhere=elsewhere(content.kinds, settings.zone, reminding.rechecks.unreached),
        still_goes=reminding.rechecks.goes,
    )  # fmt: skip
    reminding.port.hand_to(delivery.leave)
    turns = Turns(engine, turn, understander, clock, local, said)
    limits = settings.limits
    intake = Intake(turns, every_channel, limits.flood, limits.flood_seconds)
    app = App(
        settings, engine, catalog, hospital, wording, understander, every_channel, turns, intake,
        delivery, feed, booking, reminding, Silence(engine, booking.notices, urgent, clock), clock,
        learner,
    )  # fmt: skip
    app.http = _http(app, webchat, numbers.emergency) if serves else FastAPI()
    return app


@dataclass(frozen=True, slots=True)
class Content:
    """Everything staff and clinicians edit, read and checked."""

    catalog: Catalog
    red_flags: RedFlags
    numbers: Mapping[str, Numbers]
    menu: Mapping[str, Sequence[MenuItem]] = field(default_factory=dict)
    kinds: Kinds = field(default_factory=lambda: Kinds("", {}))


def read_content(settings: Settings) -> Content:
    """Read the content folder.

    Raises:
        StartError: it cannot be used; every problem is named.
    """
    folder = settings.content_folder
    try:
        catalog = load_catalog(folder)
        red_flags, numbers = load_red_flags(folder), load_numbers(folder)
    except (CatalogError, UrgentError) as exc:
        raise StartError("\n".join(exc.problems)) from exc
    first = settings.hospital.language
    languages = sorted(catalog.languages, key=lambda lang: (lang != first, lang))
    menu = load_menu(folder, languages, catalog.knows)
    return Content(catalog, red_flags, numbers, menu, load_kinds(folder))


def open_channels(
    settings: Settings, hospital: LiveHospital, menu: Mapping[str, Sequence[MenuItem]], clock: Clock
) -> dict[str, Channel]:
    """Open every configured account; no platform is asked anything yet.

    Raises:
        StartError, SettingsError: name the key that is not right.
    """
    chosen = settings.hospital
    name = str(hospital.info(chosen.language)["name"])

    def tools(where: str) -> Tools:
        url = settings.server.public_url.rstrip("/")
        return Tools(clock, where, menu, url, name, chosen.locale or "CN")

    return open_accounts(settings.accounts, settings.file, tools)


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
        languages, settings.limits.flood, settings.limits.flood_seconds, app.accounts,
    )  # fmt: skip
    web.mount(http, public)
    mount_hooks(http, Hooks(app.engine, app.intake, app.channels, app.clock,
                            settings.server.public_url))  # fmt: skip
    mount_console(http, Console(app.engine, app.channels, app.wording, app.hospital, app.feed,
                                app.delivery.wake, app.clock, templates, settings.templates / "console",
                                settings.hospital.language, settings.zone, app.delivery.health),
                  Booked(desk(app.booking), app.publish),
                  Cared(app.reminding.kinds, app.reminding.care))  # fmt: skip
    mount_api(http, Api(app.engine, desk(app.booking), app.clock, settings.operator_key, app.publish,
                        app.reminding.care))  # fmt: skip
    mount_calendar(http, Calendars(app.engine, app.booking.bookings, app.hospital.info,
                                   app.booking.links.spot, app.wording.reveals, languages,
                                   settings.zone, app.clock))  # fmt: skip
    return http


async def _cancelled(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _owner() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"
