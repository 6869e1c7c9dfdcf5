"""Prescriptions, discharges, check-ups, bills from files: whole, the same twice, or every row named."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.api import plan_cells as cells
from bot.api.plan_files import Report, read, take
from bot.care.parts import Care
from bot.care.status import Status
from bot.hospital.problems import HospitalDataError
from bot.store.db import Tx
from tests.helpers.house import House
from tests.helpers.papers import resident

ANNA, BEN, CARA = (
    resident(date(1958, 3, 7), 12),
    resident(date(1985, 6, 11), 31),
    resident(date(1960, 1, 1), 45),
)
PRESCRIPTIONS = (
    "处方号,证件类型,证件号,姓名,药品,用量,频次,与餐,开始日期,天数,数量,每次数量,开方医生,续方办法,取药窗口\n"
    f"RX1,身份证,{ANNA},王芳,氨氯地平片,每次1片,qd,,2026-11-19,30,30,1,李明,互联网医院续方,3号窗口\n"
    f"RX1,身份证,{ANNA},王芳,布洛芬胶囊,疼时1粒,必要时,餐后,2026-11-19,,,,李明,,\n"
    f"RX2,身份证,{BEN},李明,阿莫西林胶囊,每次2粒,一日三次,饭后,2026-11-19,7,,,李明,,\n"
)
DISCHARGES = (
    "number,document_kind,document,name,ward,date,level,steps,medicines,signs,revisit,department,doctor,call\n"
    f"Z1,resident,{ANNA},王芳,心内二病区,2026-11-20,a,拿小结；结账,一楼药房,胸痛,1-2周,心血管内科,李明,王护士\n"
    f"Z2,resident,{BEN},李明,,2026-11-20,C,,,,,,,\n"
)
CHECKUPS = (
    "体检号,证件类型,证件号,姓名,体检日期,套餐\n"
    f"T1,身份证,{ANNA},王芳,2026-05-20,基础套餐\nT2,护照,E12345678,Anna Carter,2026-02-28,\n"
)
BILLS = (
    "账单号,证件类型,证件号,姓名,缴费人证件类型,缴费人证件号,缴费人姓名,类型,金额,余额,项目,缴费地点,状态\n"
    f"B1,身份证,{ANNA},王芳,身份证,{BEN},李明,费用,358.60,,心脏彩超,一楼收费处,待缴\n"
    f"B2,身份证,{ANNA},王芳,,,,押金,3000,200,,住院收费处,待缴\n"
)
FILES = {
    "prescriptions": PRESCRIPTIONS, "discharges": DISCHARGES, "checkups": CHECKUPS, "bills": BILLS,
}  # fmt: skip


class Office:
    """Where the files come from."""

    def __init__(self, house: House) -> None:
        self.house = house

    @property
    def care(self) -> Care:
        return self.house.app.reminding.care

    async def brings(
        self, kind: str, text: str, *, keep: bool = False, encoding: str = "utf-8"
    ) -> Any:
        rows = read(kind, text.encode(encoding), f"{kind}.csv")

        def bring(tx: Tx) -> Report:
            now = self.house.clock.now
            return take(tx, self.care, kind, rows, f"{kind}.csv", now, "daoyi import", keep=keep)

        return (await self.house.app.engine.write(bring)).told()

    def plans(self) -> list[tuple[str, str, str, Any]]:
        """Return (kind, first day, last day, state) of every plan."""
        with self.house.sql.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT kind, starts_on, ends_on, state FROM care_plan ORDER BY id"
            ).all()
        return [(row[0], str(row[1]), str(row[2]) if row[2] else "", row[3]) for row in rows]

    def count(self, table: str) -> int:
        with self.house.sql.connect() as connection:
            return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() or 0)  # noqa: S608


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)


def told(**counts: Any) -> dict[str, Any]:
    """Return a report with these counts."""
    same = dict.fromkeys(
        ("rows", "new", "changed", "same", "ended", "new_patients", "unknown_patients"), 0
    )
    return {**same, "unknown_rows": [], **counts}


@pytest.mark.parametrize(
    ("kind", "new", "patients"),
    [("prescriptions", 5, 2), ("discharges", 7, 2), ("checkups", 2, 2), ("bills", 2, 2)],
)
async def test_a_file_is_taken_once_however_often_it_comes(
    office: Office, kind: str, new: int, patients: int
) -> None:
    rows = FILES[kind].count("\n") - 1
    first = await office.brings(kind, FILES[kind])
    assert first == told(rows=rows, new=new, new_patients=patients)
    before = office.plans(), office.count("reminder")
    office.house.clock.now += timedelta(days=1)
    assert await office.brings(kind, FILES[kind], encoding="gb18030") == told(rows=rows, same=new)
    assert (office.plans(), office.count("reminder")) == before


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_what_comes_of_each_row(office: Office) -> None:
    await office.brings("prescriptions", PRESCRIPTIONS)
    assert office.plans() == [
        ("medication", "2026-11-19", "2026-12-18", "active"),
        ("refill", "2026-11-19", "2026-12-18", "active"),
        ("collect", "2026-11-19", "2026-12-03", "active"),
        ("medication", "2026-11-19", "", "active"),
        ("medication", "2026-11-19", "2026-11-25", "active"),
    ]
    await office.brings("discharges", DISCHARGES)
    assert office.plans()[5:] == [
        ("discharge", "2026-11-20", "2026-11-20", "active"),
        ("follow_up", "2026-11-20", "2026-12-25", "active"),
        ("revisit", "2026-11-27", "2026-12-04", "active"),
        ("greeting", "2026-11-20", "2026-12-04", "active"),
        ("discharge", "2026-11-20", "2026-11-20", "active"),
        ("follow_up", "2026-11-20", "2026-12-20", "active"),
        ("greeting", "2026-11-20", "2026-12-04", "active"),
    ]


async def test_a_row_that_changes_disappears_or_is_cancelled_changes_or_ends_its_plans(
    office: Office,
) -> None:
    await office.brings("prescriptions", PRESCRIPTIONS)
    head, one, two, three = PRESCRIPTIONS.splitlines()
    changed = "\n".join([head, one.replace("qd", "bid"), three])
    assert await office.brings("prescriptions", changed) == told(
        rows=2, changed=2, same=2, ended=1
    ), "the medicine and how long it lasts"
    back = await office.brings("prescriptions", PRESCRIPTIONS)
    assert (back["new"], back["changed"]) == (0, 3), "what is there again goes on"
    kept = await office.brings("prescriptions", f"{head}\n{two}", keep=True)
    assert kept == told(rows=1, same=1)
    cancelled = "\n".join([f"{head},状态", f"{one},作废", f"{two},,,", f"{three},,,"])
    gone = await office.brings("prescriptions", cancelled)
    assert (gone["ended"], gone["same"]) == (3, 2)
    states = {state for kind, *_, state in office.plans() if kind in ("refill", "collect")}
    assert states == {"stopped"}


async def test_a_bill_that_was_paid_is_done(office: Office) -> None:
    await office.brings("bills", BILLS)
    paid = await office.brings("bills", BILLS.replace("一楼收费处,待缴", "一楼收费处,已缴"))
    assert paid == told(rows=2, same=1, ended=1)
    assert [state for *_, state in office.plans()] == ["done", "active"]


async def test_a_patient_nobody_knows_is_counted_and_never_named(office: Office) -> None:
    text = CHECKUPS + f"T3,身份证,{CARA},,2026-05-20,\n"
    first = await office.brings("checkups", text)
    assert first == told(rows=3, new=2, new_patients=2, unknown_patients=1, unknown_rows=[4])
    payer = f"B3,身份证,{ANNA},,身份证,{CARA},,费用,9,,化验,,待缴\n"
    bill = await office.brings("bills", BILLS.splitlines()[0] + "\n" + payer)
    assert (bill["new"], bill["unknown_rows"]) == (0, [2]), (
        "nobody is told in the place of who pays"
    )


async def test_a_discharge_that_came_ends_a_stay(office: Office) -> None:
    await office.brings("discharges", DISCHARGES)
    with office.house.sql.begin() as connection:
        patient = connection.exec_driver_sql("SELECT min(id) FROM patient").scalar()
        assert patient is not None
    status = office.care.statuses
    now = office.house.clock.now
    await office.house.app.engine.write(
        lambda tx: status.set(tx, int(patient), Status.ADMITTED, now, now, actor="test")
    )
    office.house.clock.now = datetime(2026, 11, 20, 8, tzinfo=UTC)
    await office.brings("discharges", DISCHARGES)
    with office.house.sql.connect() as connection:
        gone = connection.exec_driver_sql("SELECT discharged_at FROM patient_status").scalar()
    assert gone is not None


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("kind", "old", "new", "says"),
    [
        ("prescriptions", ",qd,", ",sometimes,", "row 2, column frequency: the frequency is not known"),
        ("prescriptions", ",qd,", ",,", "row 2, column frequency: is missing"),
        ("prescriptions", ",30,30,", ",0,30,", "row 2, column days"),
        ("prescriptions", "RX2", "", "row 4, column number: the cell is empty"),
        ("prescriptions", "布洛芬胶囊", "氨氯地平片", "row 3, column number"),
        ("prescriptions", ",2026-11-19,7,", ",soon,7,", "row 4, column start"),
        ("discharges", ",a,", ",Q,", "row 2, column level: expected one of A, B, C"),
        ("discharges", ",1-2周,", ",以后,", "row 2, column revisit: is no stretch of time"),
        ("checkups", "E12345678", "12", "row 3, document: is no number of that kind"),
        ("checkups", f"身份证,{ANNA}", f"护照,{ANNA}", "row 2, document: is a number of another kind"),
        ("bills", "心脏彩超", "", "row 2, column item: is missing"),
        ("bills", ",200,", ",,", "row 3, column left: is missing"),
        ("bills", ",358.60,", ",much,", "row 2, column amount"),
        ("bills", f"身份证,{BEN}", ",", "row 2, column payer_document: is missing"),
        ("bills", f"身份证,{BEN}", f",{BEN}", "row 2, column payer_document_kind: is missing"),
        ("bills", "账单号", "帐号", "column '帐号' is not known"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_by_its_row_and_nothing_is_kept(
    office: Office, kind: str, old: str, new: str, says: str
) -> None:
    assert FILES[kind].count(old), old
    with pytest.raises(HospitalDataError) as raised:
        await office.brings(kind, FILES[kind].replace(old, new, 1))
    sentence = "\n".join(raised.value.problems)
    assert says in sentence
    for private in (ANNA, BEN, "王芳", "李明"):
        assert private not in sentence
    assert (office.count("patient"), office.count("care_plan")) == (0, 0)


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_document_under_another_name_is_refused(office: Office) -> None:
    await office.brings("checkups", CHECKUPS)
    with pytest.raises(
        HospitalDataError, match="row 2, name: the document belongs to another name"
    ):
        await office.brings("checkups", CHECKUPS.replace("王芳", "赵强"))
    assert len(office.plans()) == 2


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_what_she_said_about_nights_stays_hers(office: Office) -> None:
    head, one, *_ = PRESCRIPTIONS.splitlines()
    night = "\n".join([head, one.replace("qd", "q8h")])
    await office.brings("prescriptions", night)
    plans, now = office.care.plans, office.house.clock.now

    with office.house.sql.connect() as connection:
        first = int(connection.exec_driver_sql("SELECT min(id) FROM care_plan").scalar() or 0)

    def agree_to(tx: Tx) -> None:
        plan = plans.get(tx, first)
        assert plan is not None
        plans.change(tx, first, now, actor="patient", details={**plan.details, "night": True})

    await office.house.app.engine.write(agree_to)
    again = await office.brings("prescriptions", night)
    assert (again["changed"], again["same"]) == (0, 3)


@pytest.mark.parametrize(
    ("said", "times", "every", "prn"),
    [
        ("qd", 1, 1, False), ("BID", 2, 1, False), ("t.i.d", 3, 1, False), ("qid", 4, 1, False),
        ("q8h", 3, 1, False), ("q12h", 2, 1, False), ("qn", 1, 1, False), ("hs", 1, 1, False),
        ("qod", 1, 2, False), ("prn", 0, 1, True), ("每日两次", 2, 1, False), ("每天3次", 3, 1, False),
        ("一日三次", 3, 1, False), ("2次/日", 2, 1, False), ("每日一次口服", 1, 1, False),
        ("睡前", 1, 1, False), ("必要时", 0, 1, True), ("twice daily", 2, 1, False),
    ],
)  # fmt: skip
def test_frequencies_are_read_as_prescriptions_write_them(
    said: str, times: int, every: int, prn: bool
) -> None:
    often = cells.frequency(said)
    assert (len(often.times), often.every, often.prn) == (times, every, prn)
    assert list(often.times) == sorted(set(often.times))


@pytest.mark.parametrize("said", ["", "5次", "每日九次", "qdx", "有时"])
def test_a_frequency_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        cells.frequency(said)


def test_hours_are_read_in_their_order() -> None:
    assert cells.times("20:00；8:00") == (time(8), time(20))
    with pytest.raises(ValueError, match="hours"):
        cells.times("8点")
    assert cells.days("7") == 7
    assert date(2026, 11, 18) + timedelta(days=cells.days("1")) == date(2026, 11, 19)


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_the_examples_of_the_manual_are_taken_as_they_stand(office: Office) -> None:
    pages = (Path(__file__).parents[2] / "docs" / "imports.md").read_text("utf-8")
    found = [block.strip() for block in pages.split("```")[1::2]]
    sheets = [
        block for block in found if block.startswith(("处方号", "number", "体检号", "账单号"))
    ]
    assert len(sheets) == len(FILES)
    for kind, text in zip(FILES, sheets, strict=True):
        report = await office.brings(kind, text)
        assert (report["rows"] > 0, report["new"] > 0, report["unknown_patients"]) == (
            True,
            True,
            0,
        )


async def test_a_discharge_of_long_ago_ends_no_later_stay(office: Office) -> None:
    await office.brings("discharges", DISCHARGES)
    house = office.house
    with house.sql.begin() as connection:
        patient = int(connection.exec_driver_sql("SELECT min(id) FROM patient").scalar() or 0)
    house.clock.now = datetime(2026, 12, 20, 8, tzinfo=UTC)
    now = house.clock.now - timedelta(days=1)
    await house.app.engine.write(
        lambda tx: office.care.statuses.set(tx, patient, Status.ADMITTED, now, now, actor="test")
    )
    await office.brings("discharges", DISCHARGES)
    with house.sql.connect() as connection:
        gone = connection.exec_driver_sql("SELECT discharged_at FROM patient_status").scalar()
    assert gone is None
