"""Which columns each table has, by their English or Chinese heading, and how cells are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.hospital import cells
from bot.hospital.facts import parse_amount, parse_whole
from bot.hospital.model import (
    Campus,
    Department,
    Doctor,
    MovedDay,
    Preparation,
    RosterRule,
    Status,
    SymptomDepartment,
)
from bot.hospital.prices import DrugPrice, PackagePrice, Service, TestPrice


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its two headings, how a cell is read; `default` where the cell may be empty."""

    name: str
    zh: str
    parse: cells.Parse = str
    required: bool = True
    default: Any = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of rows: its columns, the value a row makes, the columns that identify a row.

    A hospital may do without the file of an `optional` one.
    """

    kind: str
    make: type
    columns: tuple[Column, ...]
    unique: tuple[str, ...] = ("code",)
    optional: bool = False

    @property
    def file(self) -> str:
        """The name of the CSV file."""
        return f"{self.kind}.csv"


def _optional(name: str, zh: str, parse: cells.Parse = str, default: Any = "") -> Column:
    return Column(name, zh, parse, required=False, default=default)


def _pair(name: str, zh: str, parse: cells.Parse = str) -> tuple[Column, Column]:
    return Column(name, zh, parse), Column(f"{name}_en", f"{zh}英文", parse)


def _optional_pair(name: str, zh: str) -> tuple[Column, Column]:
    return _optional(name, zh), _optional(f"{name}_en", f"{zh}英文")


_NAMED = (
    Column("code", "编码", cells.code),
    *_pair("name", "名称"),
    _optional("aliases", "别名", cells.words, ()),
)

CAMPUSES = Table(
    "campuses",
    Campus,
    (*_NAMED, *_pair("address", "地址"), _optional("map_url", "地图链接", cells.link)),
    optional=True,
)

DEPARTMENTS = Table(
    "departments",
    Department,
    (
        *_NAMED,
        _optional("campus", "院区"),
        *_pair("place", "位置"),
        Column("phone", "电话"),
        *_pair("treats", "诊治范围"),
    ),
)

DOCTORS = Table(
    "doctors",
    Doctor,
    (
        *_NAMED,
        *_pair("title", "职称"),
        Column("department", "科室"),
        Column("tier", "号别", cells.tier),
        _optional("fee", "挂号费", parse_amount, None),
        *_pair("specialty", "擅长"),
        _optional("languages", "语言", cells.languages, ("zh",)),
    ),
)

HOLIDAYS = Table(
    "holidays",
    MovedDay,
    (
        Column("date", "日期", cells.day),
        Column("kind", "类型", cells.moved),
        _optional("works_as", "按星期几上班", cells.weekday, None),
        *_pair("name", "名称"),
    ),
    unique=("date",),
    optional=True,
)

ROSTER = Table(
    "roster",
    RosterRule,
    (
        Column("doctor", "医生"),
        _optional("weekday", "星期", cells.weekdays, ()),
        _optional("date", "日期", cells.day, None),
        _optional("session", "时段", cells.session, None),
        _optional("room", "诊室"),
        _optional("tier", "号别", cells.tier, None),
        _optional("capacity", "号源数", parse_whole, None),
        _optional("window", "窗口号", parse_whole, None),
        _optional("added", "加号", parse_whole, None),
        _optional("minutes", "每段分钟", cells.minutes, None),
        _optional("left", "余号", parse_whole, None),
        _optional("status", "状态", cells.status, Status.ON),
        _optional("starts", "起始日期", cells.day, None),
        _optional("ends", "截止日期", cells.day, None),
    ),
    unique=("doctor", "weekday", "date", "session", "starts"),
)

TESTS = Table(
    "tests",
    TestPrice,
    (
        *_NAMED,
        Column("price", "价格", parse_amount),
        *_pair("unit", "单位"),
        Column("department", "科室"),
        *_pair("prepare", "检查准备"),
        Column("insurance", "医保类别", cells.insurance),
        Column("checked", "核价日期", cells.day),
    ),
)

DRUGS = Table(
    "drugs",
    DrugPrice,
    (
        *_NAMED,
        *_pair("generic", "通用名"),
        *_pair("pack", "规格"),
        *_pair("unit", "单位"),
        Column("price", "价格", parse_amount),
        Column("insurance", "医保类别", cells.insurance),
        Column("rx", "处方药", cells.yes_no),
        Column("checked", "核价日期", cells.day),
    ),
)

PACKAGES = Table(
    "packages",
    PackagePrice,
    (
        *_NAMED,
        Column("price", "价格", parse_amount),
        *_pair("items", "项目", cells.words),
        *_pair("suits", "适合人群"),
    ),
)

SERVICES = Table(
    "services",
    Service,
    (
        *_NAMED,
        *_pair("place", "地点"),
        *_pair("hours", "时间"),
        *_pair("fee", "费用"),
        *_optional_pair("note", "说明"),
    ),
)

SYMPTOMS = Table(
    "symptoms",
    SymptomDepartment,
    (
        *_pair("symptom", "症状"),
        _optional("aliases", "别名", cells.words, ()),
        Column("department", "科室"),
        *_optional_pair("note", "说明"),
    ),
    unique=("symptom", "department"),
)

PREPARATIONS = Table(
    "preparations",
    Preparation,
    (
        _optional("department", "科室", default=None),
        _optional("doctor", "医生", default=None),
        _optional("session", "时段", cells.session, None),
        _optional("fasting_hours", "空腹小时", cells.fasting, None),
        _optional("days_before", "提前天数", cells.days, None),
        _optional("at", "提醒时间", cells.hour),
        *_optional_pair("text", "准备事项"),
    ),
    unique=("department", "doctor", "session", "fasting_hours", "days_before", "at"),
    optional=True,
)

_WHO_AND_WHEN = (CAMPUSES, DEPARTMENTS, DOCTORS, HOLIDAYS, ROSTER)

#: Every table by kind, in an order in which each refers only to those before it.
TABLES: Mapping[str, Table] = {
    table.kind: table
    for table in (*_WHO_AND_WHEN, TESTS, DRUGS, PACKAGES, SERVICES, SYMPTOMS, PREPARATIONS)
}
