"""Who plays: nobody's real address, nobody's patient twice, never too many."""

import re

import phonenumbers
import pytest

from bench.phones.visitors import NEW_PATIENTS, Visitors

FORMS = {
    "wechat": r"oSim[A-Za-z0-9]{24}",
    "telegram": r"7\d{9}",
    "sms": r"\+1[2-9]\d\d55501\d\d",  # 555-0100 to 555-0199 belong to nobody
}


@pytest.fixture
def forgotten() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def visitors(forgotten: list[tuple[str, str]]) -> Visitors:
    return Visitors(lambda phone, patient: forgotten.append((phone, patient)), most=20)


@pytest.mark.parametrize("phone", NEW_PATIENTS)
def test_an_address_is_well_formed_and_nobodys(phone: str) -> None:
    for _ in range(200):
        assert re.fullmatch(FORMS[phone], NEW_PATIENTS[phone]())


def test_a_number_is_one_that_could_be_dialled() -> None:
    for _ in range(200):
        number = phonenumbers.parse(NEW_PATIENTS["sms"]())
        assert phonenumbers.is_possible_number(number)


def test_no_two_visits_share_a_patient(visitors: Visitors) -> None:
    visits = [visitors.begin() for _ in range(20)]
    for phone in NEW_PATIENTS:
        assert len({visit.patients[phone] for visit in visits}) == 20
    assert len({visit.token for visit in visits}) == 20


def test_whoever_was_quiet_longest_is_forgotten_first(
    visitors: Visitors, forgotten: list[tuple[str, str]]
) -> None:
    first, second = visitors.begin(), visitors.begin()
    for _ in range(18):
        visitors.begin()
    assert visitors.find(first.token) is first
    visitors.begin()
    assert visitors.find(second.token) is None
    assert visitors.find(first.token) is first
    assert forgotten == list(second.patients.items())
    for _ in range(100):
        visitors.begin()
    assert len(visitors) == 20
    assert all(len(visitors.playing(phone)) == 20 for phone in NEW_PATIENTS)


def test_a_new_patient_takes_the_place_of_the_old(
    visitors: Visitors, forgotten: list[tuple[str, str]]
) -> None:
    visit = visitors.begin()
    before = dict(visit.patients)
    visitors.renew(visit, "sms")
    assert visit.patients["sms"] != before["sms"]
    assert visit.patients["wechat"] == before["wechat"]
    assert forgotten == [("sms", before["sms"])]


@pytest.mark.parametrize("token", ["", "x", "../../etc"])
def test_a_token_nobody_gave_out_finds_nobody(visitors: Visitors, token: str) -> None:
    visitors.begin()
    assert visitors.find(token) is None
