"""Taking a file of prescriptions, discharges, check-ups or bills: read whole, then applied at once.

Every wrong row is named by its number, never by what it says of somebody; nothing is half-applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from bot.api.plan_people import Named, NobodyError, named, patient
from bot.api.plan_rows import ROWS, Meant, RowError
from bot.api.plan_sheets import BILLS, TABLES
from bot.care.importing import Counts, Wanted, bring_in
from bot.care.parts import Care
from bot.care.plans import Plan
from bot.care.status import Status
from bot.hospital.problems import HospitalDataError
from bot.hospital.sheets import Row, read_rows
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.hospital_tables import HospitalDepartment

_PURPOSE = "care_plan.source_key"


@dataclass(slots=True)
class Report:
    """What became of a file.

    Attributes:
        rows: how many it has.
        plans: what became of the plans that come of them.
        patients: how many patients are new.
        unknown: rows of patients nobody knows, which name none; nothing came of them.
    """

    rows: int
    plans: Counts
    patients: int = 0
    unknown: list[int] = field(default_factory=list)

    def told(self) -> Mapping[str, Any]:
        """Return it as it is printed."""
        counts = self.plans
        return {
            "rows": self.rows, "new": counts.new, "changed": counts.changed, "same": counts.same,
            "ended": counts.ended, "new_patients": self.patients,
            "unknown_patients": len(self.unknown), "unknown_rows": self.unknown,
        }  # fmt: skip


def read(kind: str, data: bytes, file: str) -> Sequence[Row]:
    """Return the rows of a file. Raises `HospitalDataError` with everything that is wrong."""
    return read_rows(TABLES[kind], data, file)


def take(
    tx: Tx,
    care: Care,
    kind: str,
    rows: Sequence[Row],
    file: str,
    now: datetime,
    actor: str,
    *,
    keep: bool = False,
) -> Report:
    """Let the plans of this kind of file be what its rows say.

    Args:
        keep: what is not in the file stays as it is, where a file is not the whole list.

    Raises:
        HospitalDataError: rows that cannot be meant; nothing may be kept then.
    """
    report, problems = Report(len(rows), Counts()), []
    wanted: list[Wanted] = []
    departments, today = _departments(tx), now.astimezone(care.zone).date()
    home: list[tuple[int, date]] = []
    for row in rows:
        try:
            meant = _meant(tx, care, kind, row, departments, now, today, report)
            if meant is None:
                continue
            wanted += ROWS[kind](row.values, meant)
            if kind == "discharges" and row.values["status"] == "active":
                home.append((meant.patient_id, row.values["date"]))
        except (NobodyError, RowError) as exc:
            problems.append(f"{file} row {row.number}, {exc}")
    problems += _wrong(care, wanted, file)
    if problems:
        raise HospitalDataError(problems)
    report.plans = bring_in(
        tx, care.plans, f"{kind}:", wanted, care.zone.key, now, actor, keep=keep
    )
    for patient_id, day in home:
        went_home(tx, care, patient_id, day, now, actor)
    record(tx, now, actor, f"{kind}.import", detail=f"{len(rows)} rows")
    return report


def discharge(
    tx: Tx, care: Care, values: Mapping[str, Any], patient_id: int, now: datetime, actor: str
) -> Sequence[Plan]:
    """Let one discharge be what its values say, as a row of a file; return its plans.

    The same number in a file is the same discharge.

    Raises:
        RowError: the values do not go together; names the column.
    """
    today, departments = now.astimezone(care.zone).date(), _departments(tx)
    meant = _row(tx, care, "discharges", Row(1, values), departments, today, (patient_id, None))
    wanted = ROWS["discharges"](values, meant)
    bring_in(tx, care.plans, meant.key(""), wanted, care.zone.key, now, actor, source="api")
    if values["status"] == "active":
        went_home(tx, care, patient_id, values["date"], now, actor)
    found = [care.plans.by_key(tx, one.key) for one in wanted]
    return [plan for plan in found if plan is not None]


def went_home(tx: Tx, care: Care, patient_id: int, day: date, now: datetime, actor: str) -> None:
    """Let whoever was admitted until a day that has come be at home; a later stay goes on."""
    if day > now.astimezone(care.zone).date():
        return
    over = datetime.combine(day + timedelta(days=1), time(), care.zone).astimezone(UTC)
    care.statuses.set(tx, patient_id, Status.DISCHARGED, min(now, over), now, actor=actor)


def _meant(
    tx: Tx,
    care: Care,
    kind: str,
    row: Row,
    departments: Mapping[str, str],
    now: datetime,
    today: date,
    report: Report,
) -> Meant | None:
    """Return whom a row is about; None where nobody is known and it names none."""
    values = row.values
    who = named(values["document_kind"], values["document"], values["name"], today)
    payer = _payer(values, today) if TABLES[kind] is BILLS else None
    found = [_found(tx, one, now, report) for one in (who, payer) if one is not None]
    if None in found:
        report.unknown.append(row.number)
        return None
    return _row(tx, care, kind, row, departments, today, (found[0] or 0, found[-1]))


def _row(
    tx: Tx,
    care: Care,
    kind: str,
    row: Row,
    departments: Mapping[str, str],
    today: date,
    people: tuple[int, int | None],
) -> Meant:
    """Return what a row of a patient, and of who pays, is read with."""
    unique = "\n".join(str(row.values[name]) for name in TABLES[kind].unique)
    digest = tx.keyring.index(f"{kind}\n{unique}", _PURPOSE)
    return Meant(
        row=row.number,
        patient_id=people[0],
        payer_id=people[1],
        key=lambda part: f"{kind}:{digest}:{part}",
        levels=care.levels,
        department=lambda said: departments.get(said, ""),
        today=today,
    )


def _payer(values: Mapping[str, Any], today: date) -> Named | None:
    """Return who pays, where it is not the patient herself."""
    if not values["payer_document"]:
        if values["payer_name"] or values["payer_document_kind"]:
            raise RowError("column payer_document: is missing; who pays is named by a document")
        return None
    if values["payer_document_kind"] is None:
        raise RowError("column payer_document_kind: is missing")
    try:
        return named(
            values["payer_document_kind"], values["payer_document"], values["payer_name"], today
        )
    except NobodyError as exc:
        raise RowError(f"column payer_{exc}") from exc


def _found(tx: Tx, who: Named, now: datetime, report: Report) -> int | None:
    patient_id, is_new = patient(tx, who, now)
    report.patients += is_new
    return patient_id


def _wrong(care: Care, wanted: Sequence[Wanted], file: str) -> list[str]:
    """Return what is wrong with the details of plans, by row."""
    return [
        f"{file} row {one.row}, {problem}"
        for one in wanted
        for problem in care.plans.kinds[one.kind].problems(one.details)
    ]


def _departments(tx: Tx) -> Mapping[str, str]:
    """Return the code of each department by whatever it is called."""
    with tx.session() as session:
        found = session.execute(
            select(HospitalDepartment.code, HospitalDepartment.name, HospitalDepartment.name_en)  # type: ignore[call-overload]
        ).all()
    return {str(name): str(code) for code, *names in found for name in (code, *names)}
