"""`daoyi roster`, `import roster`, `export`: a doctor is away, a sheet comes and goes."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.hospital.files import DEMO
from tests.commands.conftest import Shop, write_shop

#: A Wednesday that is far enough ahead not to be kept yet, whenever this runs.
DAY = "2039-11-16"
NOTHING = "the roster says so; no clinic that is kept for booking had to change\n"
STOPPED = "SELECT count(*) FROM clinic WHERE status = 'stopped'"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A hospital with the demonstration's facts; each test stops its own doctor."""
    shop = write_shop(tmp_path_factory.mktemp("clinic") / "shop")
    assert shop.inside("import", "hospital", str(DEMO)).status == 0
    return shop


def rows(shop: Shop, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(shop.data / "daoyi.sqlite3")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def soon(shop: Shop) -> tuple[str, str]:
    """Return a doctor and a day of a clinic that is kept already."""
    [(doctor, day)] = rows(
        shop, "SELECT doctor, max(date) FROM clinic WHERE status = 'on' GROUP BY doctor LIMIT 1"
    )
    return doctor, day


def test_a_doctor_is_away_and_comes_after_all(clinic: Shop) -> None:
    doctor, day = soon(clinic)
    before = rows(clinic, STOPPED)
    tried = clinic.inside("roster", "stop", doctor, day, "--dry-run", "--json").json
    assert (tried["dry_run"], len(tried["clinics"]) >= 1, tried["visits_lost"]) == (True, True, 0)
    assert rows(clinic, STOPPED) == before
    said = clinic.inside("roster", "stop", doctor, day, "--reason", "生病")
    assert (said.status, said.out.startswith("stopped ")) == (0, True), said
    shown = clinic.inside("roster", "show", day, "--json").json
    mine = [c for c in shown["clinics"] if c["doctor"] == doctor]
    assert {(c["status"], c["reason"]) for c in mine} == {("stopped", "生病")}
    assert {c["status"] for c in shown["clinics"]} == {"on", "stopped"}
    resumed = clinic.inside("roster", "resume", doctor, day, "--json").json
    assert resumed["clinics"] == tried["clinics"]
    assert rows(clinic, STOPPED) == before
    audited = rows(clinic, "SELECT action, detail FROM audit ORDER BY id")
    assert [action for action, detail in audited if str(detail).startswith(doctor)] == [
        "roster.stop",
        "roster.resume",
    ]


def test_a_day_far_ahead_is_stopped_in_the_roster(clinic: Shop) -> None:
    stop = clinic.inside("roster", "stop", "李明远", DAY, "--part", "morning")
    assert (stop.status, stop.out) == (
        0,
        NOTHING,
    )
    shown = clinic.inside("roster", "show", DAY, "--department", "心血管内科")
    first, *others = shown.out.splitlines()
    assert first.endswith("stopped (no reason)")
    assert "李明远" in first
    assert all(line.endswith("  on") for line in others)
    for name in ("dept-cardiology", "Cardiology"):
        assert clinic.inside("roster", "show", DAY, "--department", name).out == shown.out


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("stop", "nobody", DAY), ("nobody", "not a doctor's code or name")),
        (("stop", "doc-0101", "2039-11-18"), ("no clinic", "doc-0101", "2039-11-18")),
        (("resume", "*", "2026-01-01"), ("no clinic of anybody", "2026-01-01")),
    ],
)
def test_what_cannot_be_stopped_is_one_line(
    clinic: Shop, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    clinic.inside("roster", *arguments).refuses(*parts)


def test_the_roster_goes_out_into_a_spreadsheet_and_comes_back(
    clinic: Shop, tmp_path: Path
) -> None:
    sheet, again = tmp_path / "roster.csv", tmp_path / "again.csv"
    assert clinic.inside("export", "roster", str(sheet)).status == 0
    excel = sheet.read_text("utf-8-sig").replace(",", "\t").encode("gb18030")
    (tmp_path / "excel.csv").write_bytes(excel)
    done = clinic.inside("import", "roster", str(tmp_path / "excel.csv"), "--json").json
    assert (done["dry_run"], done["visits_lost"]) == (False, 0)
    assert clinic.inside("export", "roster", str(again)).status == 0
    assert again.read_bytes() == sheet.read_bytes()


def test_a_roster_of_some_days_is_tried_with_every_problem_named(
    clinic: Shop, tmp_path: Path
) -> None:
    sheet = tmp_path / "days.csv"
    before = rows(clinic, "SELECT count(*) FROM hospital_roster")
    sheet.write_text(f"doctor,date,session,status\ndoc-0101,{DAY},上午,停诊\n", "utf-8")
    days = ("--from", DAY, "--to", "2039-11-20")
    tried = clinic.inside("import", "roster", str(sheet), *days, "--dry-run", "--json").json
    assert tried["dry_run"] is True
    sheet.write_text(
        "doctor,date,session,status\ndoc-0101,2039-12-01,上午,停诊\nx,2039-11-17,夜里,停诊\n",
        "utf-8",
    )
    wrong = clinic.inside("import", "roster", str(sheet), *days)
    wrong.refuses("days.csv row 3, column session", "'夜里' is not known")
    clinic.inside("import", "roster", str(sheet), "--from", DAY).refuses("--from and --to")
    assert rows(clinic, "SELECT count(*) FROM hospital_roster") == before


def test_everything_goes_out_into_a_folder_and_comes_back(clinic: Shop, tmp_path: Path) -> None:
    done = clinic.inside("export", "hospital", str(tmp_path / "out"), "--json").json
    assert {"hospital.toml", "campuses.csv", "holidays.csv", "roster.csv"} < set(done["files"])
    back = clinic.inside("import", "hospital", str(tmp_path / "out"), "--dry-run")
    assert (back.status, back.out) == (0, "everything reads well\n")


def test_what_a_roster_takes_away_is_counted_before_it_does(clinic: Shop, tmp_path: Path) -> None:
    doctor, day = soon(clinic)
    _book(clinic, doctor, day)
    sheet = tmp_path / "less.csv"
    assert clinic.inside("export", "roster", str(sheet)).status == 0
    lines = sheet.read_text("utf-8-sig").splitlines(keepends=True)
    sheet.write_text("".join(line for line in lines if not line.startswith(doctor)), "utf-8")
    tried = clinic.inside("import", "roster", str(sheet), "--dry-run")
    assert "1 booked visit would lose its clinic" in tried.out
    done = clinic.inside("import", "roster", str(sheet), "--json").json
    assert done["visits_lost"] == 1


def _book(shop: Shop, doctor: str, day: str) -> None:
    """Put one visit into a clinic, as a row: what it is told is tested elsewhere."""
    connection = sqlite3.connect(shop.data / "daoyi.sqlite3")
    with connection:
        [(clinic_id, slot_id, capacity, start, end)] = connection.execute(
            "SELECT c.id, s.id, s.capacity, s.starts_at, s.ends_at FROM clinic c JOIN slot s "
            "ON s.clinic_id = c.id WHERE c.doctor = ? AND c.date = ? LIMIT 1", (doctor, day),
        ).fetchall()  # fmt: skip
        now = "2026-11-18 00:00:00.000000"
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(
            "INSERT INTO appointment (number, patient_id, conversation_id, clinic_id, slot_id, "
            "capacity, seat, starts_at, ends_at, state, fee_fen, offered, version, created_at, "
            "updated_at) VALUES ('A1', 1, 1, ?, ?, ?, 1, ?, ?, 'booked', 0, 0, 1, ?, ?)",
            (clinic_id, slot_id, capacity, start, end, now, now),
        )
    connection.close()
