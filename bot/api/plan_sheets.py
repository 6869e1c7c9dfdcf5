"""Which columns the files of care have; `docs/imports.md` shows an example of each."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.api import plan_cells as read
from bot.hospital import cells
from bot.hospital.columns import Column, Table
from bot.hospital.facts import parse_amount

_TOO_LONG = 200


def text(cell: str) -> str:
    """Read a text of at most 200 characters."""
    if len(cell) > _TOO_LONG:
        raise ValueError(f"must have at most {_TOO_LONG} characters")
    return cell


def quantity(cell: str) -> Decimal:
    """Read a number above zero, in whatever unit."""
    found = parse_amount(cell)
    if found <= 0:
        raise ValueError("must be a number above zero")
    return found


def _may(name: str, zh: str, parse: cells.Parse = text, default: Any = "") -> Column:
    return Column(name, zh, parse, required=False, default=default)


def _who(before: str, zh: str) -> tuple[Column, ...]:
    """Return the columns of a person: by a document, and by name where she may be new."""
    must = not before
    return (
        Column(f"{before}document_kind", f"{zh}证件类型", read.papers, required=must, default=None),
        Column(f"{before}document", f"{zh}证件号", text, required=must),
        _may(f"{before}name", f"{zh}姓名"),
    )


_STATE = _may("status", "状态", read.state, "active")

PRESCRIPTIONS = Table(
    "prescriptions",
    dict,
    (
        Column("number", "处方号", text),
        *_who("", ""),
        Column("medicine", "药品", text),
        _may("dose", "用量"),
        _may("frequency", "频次", read.frequency, None),
        _may("times", "服药时间", read.times, ()),
        _may("food", "与餐", read.food),
        Column("start", "开始日期", cells.day),
        _may("days", "天数", read.days, None),
        _may("end", "结束日期", cells.day, None),
        _may("quantity", "数量", quantity, None),
        _may("per_dose", "每次数量", quantity, None),
        _may("prescriber", "开方医生"),
        _may("refill", "续方办法"),
        _may("pickup", "取药窗口"),
        _STATE,
    ),
    unique=("number", "medicine"),
)

DISCHARGES = Table(
    "discharges",
    dict,
    (
        Column("number", "住院号", text),
        *_who("", ""),
        _may("ward", "病区"),
        Column("date", "出院日期", cells.day),
        _may("level", "随访级别", lambda cell: cell.upper()),
        _may("steps", "出院步骤", cells.words, ()),
        _may("medicines", "取药"),
        _may("signs", "警示症状"),
        _may("revisit", "复诊建议", lambda cell: (cell, read.window(cell)), None),
        _may("department", "复诊科室"),
        _may("doctor", "复诊医生"),
        _may("call", "联系人"),
        _STATE,
    ),
    unique=("number",),
)

CHECKUPS = Table(
    "checkups",
    dict,
    (
        Column("number", "体检号", text),
        *_who("", ""),
        Column("date", "体检日期", cells.day),
        _may("package", "套餐"),
        _STATE,
    ),
    unique=("number",),
)

BILLS = Table(
    "bills",
    dict,
    (
        Column("number", "账单号", text),
        *_who("", ""),
        *_who("payer_", "缴费人"),
        Column("kind", "类型", read.bill),
        Column("amount", "金额", parse_amount),
        _may("left", "余额", parse_amount, None),
        _may("item", "项目"),
        _may("where", "缴费地点"),
        _may("due", "截止日期", cells.day, None),
        _may("call", "联系人"),
        _STATE,
    ),
    unique=("number",),
)

TABLES: Mapping[str, Table] = {
    table.kind: table for table in (PRESCRIPTIONS, DISCHARGES, CHECKUPS, BILLS)
}
