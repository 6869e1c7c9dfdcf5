"""The hospital in the database: what is saved is what is loaded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from bot.hospital import service
from bot.hospital.model import Hospital
from bot.hospital.problems import HospitalDataError
from bot.store.tables import HospitalDrug, HospitalRevision

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_nothing_is_loaded_before_anything_is_saved(session: Session) -> None:
    assert service.load(session) is None
    assert service.revision(session) == 0


@pytest.mark.parametrize("which", ["small", "demo"])
def test_what_is_saved_is_loaded(
    session: Session, which: str, request: pytest.FixtureRequest
) -> None:
    hospital: Hospital = request.getfixturevalue(which)
    counts = service.save(session, hospital, NOW)
    session.expire_all()
    loaded = service.load(session)
    assert loaded == hospital
    assert loaded.version == hospital.version
    assert counts.rows["doctors"] == len(hospital.doctors)


def test_every_save_is_a_new_revision(session: Session, small: Hospital) -> None:
    assert [service.save(session, small, now).revision for now in (NOW, LATER)] == [1, 2]
    assert service.revision(session) == 2
    stored = session.get(HospitalRevision, 1)
    assert stored is not None
    assert stored.saved_at == LATER


def test_a_save_leaves_nothing_of_the_hospital_before(
    session: Session, small: Hospital, demo: Hospital
) -> None:
    service.save(session, demo, NOW)
    service.save(session, small, LATER)
    assert service.load(session) == small


def test_a_save_is_undone_with_its_transaction(session: Session, small: Hospital) -> None:
    service.save(session, small, NOW)
    session.commit()
    service.save(session, replace(small, drugs=()), LATER)
    session.rollback()
    assert service.load(session) == small
    assert service.revision(session) == 1


def test_one_file_changes_one_kind(
    session: Session, small: Hospital, sheets: dict[str, bytes]
) -> None:
    service.save(session, small, NOW)
    service.save_csv(session, "drugs", sheets["drugs"].replace(b"6.80", b"7.10"), LATER)
    loaded = service.load(session)
    assert loaded is not None
    assert loaded.drugs[0].price == Decimal("7.10")
    assert replace(loaded, drugs=small.drugs) == small


@pytest.mark.parametrize("kind", ["departments", "doctors", "roster", "symptoms"])
def test_a_kind_that_others_refer_to_can_be_saved_again(
    session: Session, small: Hospital, sheets: dict[str, bytes], kind: str
) -> None:
    service.save(session, small, NOW)
    service.save_csv(session, kind, sheets[kind], LATER)
    assert service.load(session) == small


def test_a_bad_file_changes_nothing(
    session: Session, small: Hospital, changed: Callable[[str, str, str], dict[str, bytes]]
) -> None:
    service.save(session, small, NOW)
    with pytest.raises(HospitalDataError, match=r"may\.csv row 2, column price"):
        service.save_csv(session, "drugs", changed("drugs", "6.80", "x")["drugs"], NOW, "may.csv")
    assert service.load(session) == small
    assert service.revision(session) == 1


def test_one_file_needs_a_hospital(session: Session, sheets: dict[str, bytes]) -> None:
    with pytest.raises(HospitalDataError, match="load the whole hospital first"):
        service.save_csv(session, "drugs", sheets["drugs"], NOW)


def test_amounts_are_kept_in_whole_fen(session: Session, small: Hospital) -> None:
    service.save(session, small, NOW)
    assert session.exec(select(HospitalDrug.price_fen).order_by(HospitalDrug.code)).all() == [
        680,
        950,
        420,
    ]
