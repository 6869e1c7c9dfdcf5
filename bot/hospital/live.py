"""The hospital's facts as answers use them: one snapshot in memory, fresh within a second (K29)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.hospital import service
from bot.hospital.lookups import LOOKUPS, info
from bot.hospital.model import Hospital
from bot.hospital.query import Query
from bot.hospital.vocabulary import vocabulary
from bot.store.db import Engine, Tx
from intents.entities import Entities, Vocabulary


class LiveHospital:
    """`Facts` over the newest saved hospital; `refresh` swaps the snapshot in one step."""

    def __init__(self, hospital: Hospital, revision: int) -> None:
        self._revision = revision
        self._take(hospital)

    def _take(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._info = {lang: info(hospital, lang) for lang in ("zh-CN", "en")}
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
        )
        found = LOOKUPS[name](self._hospital, query)
        return {
            "found": found.rows,
            "asked": found.asked,
            "similar": found.similar,
            "asked_day": found.asked_day,
        }

    async def refresh(self, engine: Engine) -> bool:
        """Load the facts again if somebody saved newer ones; say whether."""
        revision = await engine.read(_revision)
        if revision == self._revision:
            return False
        hospital = await load_facts(engine)
        if hospital is None:
            return False
        self._take(hospital)
        self._revision = revision
        return True


def _revision(tx: Tx) -> int:
    with tx.session() as session:
        return service.revision(session)


def _load(tx: Tx) -> Hospital | None:
    with tx.session() as session:
        return service.load(session)


async def load_facts(engine: Engine) -> Hospital | None:
    """Return the saved facts, or None where none were saved yet."""
    return await engine.read(_load)


async def open_hospital(engine: Engine) -> LiveHospital | None:
    """Return the saved hospital ready to answer, or None where none was saved yet."""
    hospital = await load_facts(engine)
    return LiveHospital(hospital, await engine.read(_revision)) if hospital else None
