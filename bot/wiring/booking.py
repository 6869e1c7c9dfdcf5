"""How the parts of booking are put together: the hospital, what they share, the flows, the jobs.

Domains never import one another; here one is handed to the other as the port it asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.appointments.booking.flow import BookingFlow
from bot.appointments.changes.flow import ChangesFlow
from bot.appointments.changes.own import Own
from bot.appointments.changes.said import Telling
from bot.appointments.day.flow import DayFlow
from bot.appointments.day.queue import Queue
from bot.appointments.day.queue_watch import QueueWatch
from bot.appointments.desk import Desk
from bot.appointments.his.http import open_his
from bot.appointments.his.reporter import Reporter
from bot.appointments.links import Links
from bot.appointments.model import Visit
from bot.appointments.reminding.answers import VisitAnswers
from bot.appointments.reminding.subject import VisitSubject
from bot.appointments.reminding.things import VisitReminders
from bot.appointments.service import Bookings
from bot.appointments.unasked import Unasked
from bot.channels.base import Channel
from bot.dialogue.facts import Facts
from bot.dialogue.flow import Flow, Scene
from bot.dialogue.notices import Notices
from bot.dialogue.wording import Wording
from bot.errors import StartError
from bot.hospital import service as hospital_service
from bot.hospital.files import DEMO, read_folder
from bot.hospital.live import LiveHospital, open_hospital
from bot.hospital.model import Hospital
from bot.patients.bind_flow import Post, region_of
from bot.patients.family import Household
from bot.patients.family_flow import FamilyFlow
from bot.reminders.planning import Planner
from bot.settings import Settings
from bot.store.db import Engine, Tx
from scheduler.jobs import Job


@dataclass(frozen=True, slots=True)
class Booking:
    """What everything about visits shares.

    Attributes:
        today: the hospital's date at an instant.
        planner: inserts reminders, of visits and of everything else.
    """

    settings: Settings
    engine: Engine
    facts: Facts
    bookings: Bookings
    family: Household
    notices: Notices
    links: Links
    post: Post
    clock: Callable[[], datetime]
    today: Callable[[datetime], date]
    planner: Planner
    reminders: VisitReminders


def put_together(
    settings: Settings,
    engine: Engine,
    facts: LiveHospital,
    channels: Mapping[str, Channel],
    wording: Wording,
    clock: Callable[[], datetime],
    said: Callable[[int], None],
    planner: Planner,
) -> Booking:
    """Return the parts that flows and jobs are made of.

    Args:
        said: called after the commit with a conversation in which something was said.
    """
    options, zone = settings.booking, settings.zone

    def today(now: datetime) -> date:
        return now.astimezone(zone).date()

    def spot(campus: str, lang: str) -> tuple[str, str]:
        rows = [row for row in facts.info(lang)["campuses"] if row.key == campus]
        return (
            (rows[0].address, rows[0].map_url) if rows else (str(facts.info(lang)["address"]), "")
        )

    language = settings.hospital.language
    links = Links(settings.server.public_url, spot)
    reminders = VisitReminders(planner, options, zone, facts.preparations, links.way)
    return Booking(
        settings=settings,
        engine=engine,
        facts=facts,
        bookings=Bookings(options, zone, reminders.follow),
        family=Household(options.family, options.guardian_age, options.frail_age),
        notices=Notices(channels, wording, facts, today, language, said),
        links=links,
        post=Post(channels, wording, facts, today),
        clock=clock,
        today=today,
        planner=planner,
        reminders=reminders,
    )


def unasked(parts: Booking) -> Unasked:
    """Return what booking does and says by itself."""
    return Unasked(
        parts.bookings, parts.family, parts.notices, parts.today, parts.settings.hours.opens
    )


def queue(parts: Booking) -> Queue:
    """Return what keeps the lines of today's clinics."""
    settings, shared = parts.settings, unasked(parts)
    return Queue(settings.booking, settings.zone, parts.bookings, parts.notices, shared.listeners)


def desk(parts: Booking) -> Desk:
    """Return what the desk does to visits."""
    shared = unasked(parts)
    return Desk(
        parts.bookings, queue(parts), shared.listeners, parts.notices, shared.stopping.refused
    )


def visit_subject(parts: Booking) -> VisitSubject:
    """Return what reminders ask about visits."""
    answers = VisitAnswers(
        Own(parts.bookings, parts.family), Telling(parts.links, parts.settings.zone)
    )
    return VisitSubject(parts.reminders, unasked(parts).listeners, answers)


def booking_flows(parts: Booking) -> dict[str, Flow]:
    """Return the conversations about visits, by name."""
    bookings, family = parts.bookings, parts.family

    def told_with(scene: Scene, visit: Visit) -> dict[str, Any]:
        lang = scene.session.lang
        calendar = parts.links.calendar(scene.tx.keyring, visit, lang)
        return {"calendar": calendar, "way": parts.links.way(visit, lang)}

    return {
        "booking": BookingFlow(bookings, family, parts.facts, family.names_somebody, told_with),
        "changes": ChangesFlow(
            bookings, family, parts.links, parts.facts.vocabulary, family.names_somebody
        ),
        "family": FamilyFlow(
            family, parts.post, region_of(parts.settings.hospital.locale), parts.settings.zone
        ),
        "visit_day": DayFlow(bookings, family, queue(parts), parts.today),
        **unasked(parts).flows(),
    }


def booking_jobs(parts: Booking) -> list[Job]:
    """Return what keeps visits, holds and waitlists right as time goes by."""
    shared, settings, engine, clock = unasked(parts), parts.settings, parts.engine, parts.clock
    system = open_his(settings.his, settings.his_key, clock)
    reporter = Reporter(engine, system, clock, shared.stopping.refused)
    return [
        *shared.upkeep(engine, clock).jobs(),
        Job("silent calling systems", 30.0, QueueWatch(engine, queue(parts), clock).look),
        Job("reports to the hospital's system", 2.0, reporter.report),
    ]


async def open_facts(
    engine: Engine, settings: Settings, facts: Hospital | None, now: datetime
) -> LiveHospital:
    """Return the saved hospital; where nothing was saved yet, save `facts` or the demonstration."""
    known = await open_hospital(engine, settings.booking)
    if known is not None:
        return known
    if facts is None and not settings.hospital.demo:
        raise StartError("no hospital was imported yet: run `daoyi import hospital FOLDER` first")
    first = facts or read_folder(DEMO)

    def save(tx: Tx) -> None:
        with tx.session() as session:
            hospital_service.save(session, first, now)

    await engine.write(save)
    made = await open_hospital(engine, settings.booking)
    if made is None:
        raise StartError("the first facts could not be stored")
    return made
