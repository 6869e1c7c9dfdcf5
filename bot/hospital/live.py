"""The hospital's facts as answers use them: one snapshot in memory, fresh within a second (K29)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.hospital import service
from bot.hospital.lookups import LOOKUPS, preparations, told
from bot.hospital.model import LANGUAGES, Hospital
from bot.hospital.places import mark, standings
from bot.hospital.planning import last_released
from bot.hospital.query import Key, Query, Standing
from bot.hospital.rows import PreparationRow
from bot.hospital.schedule import days_ahead, is_published, publish
from bot.hospital.told import BookingRules
from bot.hospital.vocabulary import vocabulary
from bot.store.db import Engine, Tx
from intents.entities import Entities, Vocabulary


class LiveHospital:
    """`Facts` over the newest saved hospital and the bookings; a snapshot is swapped in one step.

    Args:
        rules: the rules of booking, told as they are enforced.
    """

    def __init__(self, hospital: Hospital, revision: int, rules: BookingRules) -> None:
        self._rules = rules
        self._revision = revision
        self._published: tuple[object, ...] | None = None
        self._seen: tuple[object, ...] = ()
        self._standing: Mapping[Key, Standing] = {}
        self._released_to: date | None = None
        self._take(hospital)

    def _take(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._asks: dict[tuple[str, str, str, str], Sequence[PreparationRow]] = {}
        self._info = {lang: told(hospital, lang, self._rules) for lang in LANGUAGES}
        self._vocabulary = Vocabulary(vocabulary(hospital))

    def info(self, lang: str) -> Mapping[str, Any]:
        """Return the hospital's standing facts (`h` in every text)."""
        return self._info[lang]

    def vocabulary(self) -> Vocabulary:
        """Return the names patients may mention."""
        return self._vocabulary

    def find(self, name: str, lang: str, today: date, entities: Entities) -> Mapping[str, Any]:
        """Return what one look-up finds for what the patient named."""
        query = Query(
            lang=lang,
            today=today,
            departments=entities.departments,
            doctors=entities.doctors,
            drugs=entities.drugs,
            tests=entities.tests,
            packages=entities.packages,
            services=entities.services,
            symptoms=entities.symptoms,
            near=entities.near_words,
            day=entities.day,
            session=entities.session,
            standing=self._standing,
            released_to=self._released_to,
            rules=self._rules,
        )
        found = LOOKUPS[name](self._hospital, query)
        return {
            "found": found.rows,
            "asked": found.asked,
            "similar": found.similar,
            "asked_day": found.asked_day,
            "holiday": found.holiday,
        }

    def preparations(
        self, department: str, doctor: str, part: str, lang: str
    ) -> Sequence[PreparationRow]:
        """Return what a visit there asks of the patient before it."""
        asked, known, hospital = (department, doctor, part, lang), self._asks, self._hospital
        if asked not in known:
            known[asked] = preparations(hospital, *asked)
        return known[asked]

    async def refresh(self, engine: Engine, zone: ZoneInfo, now: datetime) -> bool:
        """Load what changed: the facts, the places left; say whether the facts did.

        Where nothing did it costs one read; places are counted anew each minute, for time passes too.
        """
        revision, bookings = await engine.read(mark)
        newer = revision != self._revision
        if newer:
            hospital = await load_facts(engine)
            if hospital is None:
                return False
            self._take(hospital)
            self._revision = revision
        seen = (revision, bookings, now.replace(second=0, microsecond=0))
        if seen != self._seen:
            close = self._rules.close_minutes
            self._standing = await engine.read(lambda tx: standings(tx, now, close))
            self._released_to = last_released(self._rules, zone, now) if self._standing else None
            self._seen = seen
        return newer

    async def keep(self, engine: Engine, zone: ZoneInfo, now: datetime) -> int:
        """Follow the facts and the bookings; publish the clinics where facts or the date changed."""
        newer = await self.refresh(engine, zone, now)
        of = (self._revision, now.astimezone(zone).date())
        if of == self._published:
            return int(newer)
        return await self.publish(engine, zone, now)

    async def open_clinics(self, engine: Engine, zone: ZoneInfo, now: datetime) -> None:
        """Publish what can be booked where nothing ever was: nobody hears that there are no clinics."""
        if not await engine.read(is_published):
            await self.publish(engine, zone, now)

    async def publish(
        self, engine: Engine, zone: ZoneInfo, now: datetime, days: Sequence[date] | None = None
    ) -> int:
        """Make clinics and slots what the newest facts say; return how many clinics changed.

        Each day is a change of its own, so that nobody's message waits for all of them.
        """
        await self.refresh(engine, zone, now)
        facts, revision, rules = self._hospital, self._revision, self._rules
        chosen = await engine.read(lambda tx: days_ahead(tx, rules, zone, now))
        changed = 0
        for day in chosen if days is None else days:
            changed += await engine.write(
                lambda tx, day=day: publish(  # type: ignore[misc]
                    tx, facts, rules, zone, now, revision=revision, days=(day,)
                )
            )
        if days is None:
            self._published = (revision, now.astimezone(zone).date())
        self._seen = ()
        await self.refresh(engine, zone, now)
        return changed

    def forget(self) -> None:
        """Forget what was read of clinics and bookings: they were taken away behind its back."""
        self._published, self._seen, self._standing, self._released_to = None, (), {}, None


def _load(tx: Tx) -> Hospital | None:
    with tx.session() as session:
        return service.load(session)


async def load_facts(engine: Engine) -> Hospital | None:
    """Return the saved facts, or None where none were saved yet."""
    return await engine.read(_load)


async def open_hospital(engine: Engine, rules: BookingRules) -> LiveHospital | None:
    """Return the saved hospital ready to answer, or None where none was saved yet."""
    revision, _ = await engine.read(mark)  # first: what is saved in between is noticed then
    hospital = await load_facts(engine)
    return LiveHospital(hospital, revision, rules) if hospital else None
