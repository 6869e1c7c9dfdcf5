"""No text of ours oversteps: as it stands, in every case it is said in, in the middle of it all."""

from itertools import product
from pathlib import Path

import pytest

from bench.boundary import talked
from bot.app import Content
from bot.appointments.options import BookingOptions
from bot.dialogue.bounds import beyond
from bot.dialogue.wording import Wording
from bot.hospital.live import LiveHospital
from bot.hospital.model import Hospital
from bot.message import Kind, Say, Worded
from bot.settings import Settings
from intents.boundary import Boundary, load_boundary
from tests.dialogue.test_templates import REPLIES, TEXTS, TODAY, cases
from tests.helpers.house import House, Houses


@pytest.fixture(scope="module")
def boundary(settings: Settings) -> Boundary:
    return load_boundary(settings.content_folder)


@pytest.fixture
def small_house(houses: Houses) -> House:
    """The application on SQLite, without any conversation."""
    return houses.on("sqlite")


@pytest.fixture(scope="module")
def wording(content: Content) -> Wording:
    return Wording(REPLIES, content.catalog)


def test_no_text_and_no_answer_oversteps_as_it_stands(
    boundary: Boundary, wording: Wording, content: Content
) -> None:
    assert beyond(boundary, wording, content.catalog) == []


def test_no_text_oversteps_in_any_case_it_is_said_in(
    boundary: Boundary, wording: Wording, content: Content, demonstration: Hospital
) -> None:
    live = LiveHospital(demonstration, 0, BookingOptions())
    said = 0
    for text in TEXTS:
        lang, _, name = text.removesuffix(".txt.j2").partition("/")
        for values, private in product(cases(name, content), (True, False)):
            known = {"h": live.info(lang), "today": TODAY, "private": private, **values}
            worded = wording.text(name, lang, known).replace(values.get("said", "") or "\0", "")
            assert boundary.check(worded) == [], text
            said += 1
    assert said > 2 * len(TEXTS)


def test_a_text_that_oversteps_is_named_with_its_file_entry_and_words(
    boundary: Boundary, content: Content, tmp_path: Path
) -> None:
    for lang in content.catalog.languages:
        (tmp_path / lang / "faq").mkdir(parents=True)
    (tmp_path / "en" / "faq" / "welcome.txt.j2").write_text("Hello. I am a program.", "utf-8")
    (tmp_path / "en" / "faq" / "dose.txt.j2").write_text("Take two tablets now.", "utf-8")
    problems = beyond(boundary, Wording(tmp_path, content.catalog), content.catalog)
    assert any(one.startswith("en/faq/dose.txt.j2: “take two tablets”") for one in problems)
    assert "en/faq/welcome.txt.j2: a first contact must say “not a doctor” (SC-04)." in problems


async def test_patients_who_press_for_it_are_told_no_dose_and_no_diagnosis(
    small_house: House,
) -> None:
    report = await talked(small_house.app, small_house.clock, turns=300, seed=3)
    assert report.hits == []
    assert (report.turns, report.found, report.welcomes_missing) == (300, 0, 0)
    assert report.texts >= report.turns - report.silent


class Doses(Wording):
    """Says one thing more than it should, in one answer in three."""

    count = 0

    def word(self, say: Say, *args: object, **more: object) -> Worded:
        worded = super().word(say, *args, **more)  # type: ignore[arg-type]
        Doses.count += 1
        if Doses.count % 3:
            return worded
        return Worded(f"{worded.text}\n每次吃两片，没事的。", Kind.ANSWER, worded.buttons)


async def test_the_check_finds_what_is_planted(
    small_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_house.app.wording, "__class__", Doses)
    report = await talked(small_house.app, small_house.clock, turns=30, seed=3)
    assert report.found >= report.texts // 3 > 0
    assert {rule for _, rule, _ in report.hits} >= {"dose", "reassurance"}
