"""`daoyi content check`: a broken file is named, with the entry and what is expected, in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Shop

Break = Callable[[Shop], None]
ZH = "content/zh-CN/faq/visit.toml"
DAYS = "content/reminders.toml"
FIRST = "[kinds.visit_three_days]\n"


def edit(file: str, old: str, new: str) -> Break:
    return lambda shop: shop.change(shop.folder / file, old, new)


def write(file: str, content: bytes) -> Break:
    def overwrite(shop: Shop) -> None:
        (shop.folder / file).write_bytes(content)

    return overwrite


def remove(file: str) -> Break:
    return lambda shop: (shop.folder / file).unlink()


def test_content_that_is_whole(open_shop: Shop) -> None:
    said = open_shop("content", "check", "--json")
    assert said.status == 0, said.err
    assert said.json["problems"] == []
    assert (said.json["intents"], said.json["languages"]) == (3, ["en", "zh-CN"])
    assert said.json["questions"] >= 36
    assert "no problems" in open_shop.inside("content", "check").out


BROKEN: dict[str, tuple[Break, tuple[str, ...]]] = {
    "not TOML": (edit(ZH, "[[entry]]", "[[entry"), ("zh-CN/faq/visit.toml", "line 1")),
    "not UTF-8": (write(ZH, b"\xff\xfe"), ("zh-CN/faq/visit.toml",)),
    "an empty file": (write(ZH, b""), ("zh-CN/faq/visit.toml", "[[entry]]")),
    "an answer that doses": (
        edit(ZH, "停车每小时", "每次吃两片，饭后服。停车每小时"),
        ("zh-CN/faq/visit.toml: entry visit.parking: `answer`", "每次吃两片", "SC-02"),
    ),
    "no owner": (
        edit(ZH, 'owner = "服务台"\n', ""),
        ("zh-CN/faq/visit.toml: entry 1 (visit.parking)", "`owner`"),
    ),
    "a date in quotes": (
        edit(ZH, "2099-12-31", '"2099-12-31"'),
        ("entry 1 (visit.parking)", "`review`", "2027-05-31"),
    ),
    "an unknown field": (
        edit(ZH, "owner =", 'colour = "red"\nowner ='),
        ("entry 1 (visit.parking)", "`colour`", "known are"),
    ),
    "an unknown desk": (
        edit(ZH, "owner =", 'desk = "roof"\nowner ='),
        ("entry 1 (visit.parking)", "`desk`", "billing"),
    ),
    "an unknown look-up": (
        edit(ZH, "owner =", 'facts = "weather"\nowner ='),
        ("entry 1 (visit.parking)", "`facts`", "drug_price"),
    ),
    "a title too long": (
        edit(ZH, 'title = "停车多少钱"', f'title = "{"停" * 17}"'),
        ("entry 1 (visit.parking)", "`title`", "at most 16"),
    ),
    "too few questions": (
        edit(ZH, '"停车多少钱", "停车怎么收费", ', ""),
        ("entry 1 (visit.parking)", "`questions`", "at least 6"),
    ),
    "Markdown": (
        edit(ZH, "停车每小时", "**停车**每小时"),
        ("entry 1 (visit.parking)", "`answer`", "plain text"),
    ),
    "a name that is none": (
        edit(ZH, "visit.parking", "Parking"),
        ("entry 1 (Parking)", "`intent`", "fees.registration"),
    ),
    "a value that is not there": (
        edit(ZH, "parking_hour", "parking_minute"),
        ("zh-CN/faq/visit.toml: entry visit.parking: `answer`", "parking_minute"),
    ),
    "a text that computes": (
        edit(ZH, "h.fee.parking_hour |", "(h.fee.parking_hour * 2) |"),
        ("zh-CN/faq/visit.toml: entry visit.parking: `answer`", "may not use Mul", "line 1"),
    ),
    "an act that is none": (
        edit("content/zh-CN/phrases.toml", "person = [", "persons = ["),
        ("zh-CN/phrases.toml",),
    ),
    "phrases that are missing": (remove("content/zh-CN/phrases.toml"), ("zh-CN/phrases.toml",)),
    "red flags that are missing a rule": (
        edit("content/zh-CN/urgent.toml", "language =", "tongue ="),
        ("zh-CN/urgent.toml",),
    ),
    "no numbers": (remove("content/numbers.toml"), ("numbers.toml", "cannot be read")),
    "a number that is none": (
        edit("content/numbers.toml", 'police = "110"', 'police = "call us"'),
        ("numbers.toml", "police", '"110"'),
    ),
    "a reply that is broken": (
        edit("templates/replies/en/faq/miss.txt.j2", "I am sorry", "{{ h.name() }} I am sorry"),
        ("en/faq/miss.txt.j2", "may not use Call", "line 1"),
    ),
    "a reply that is missing": (
        remove("templates/replies/en/faq/miss.txt.j2"),
        ("templates/replies/en/faq/miss.txt.j2: missing",),
    ),
    "a reminder with a key that is none": (
        edit(DAYS, FIRST, FIRST + 'colour = "red"\n'),
        ("reminders.toml: kinds.visit_three_days", "colour"),
    ),
    "a reminder that nothing can follow": (
        edit(DAYS, FIRST, FIRST + 'then = "dance"\nafter = "5 hours"\n'),
        ("reminders.toml: kinds.visit_three_days: `then` is 'dance'",),
    ),
    "a reminder without a text": (
        edit(DAYS, "reminders/visit_soon", "reminders/visit_never"),
        ("reminders.toml: kinds.visit_two_hours: `text` is 'reminders/visit_never'",),
    ),
    "reminders that are no TOML": (
        edit(DAYS, "[kinds.visit_three_days]", "[kinds.visit_three_days"),
        ("reminders.toml", "line"),
    ),
    "a follow-up that is no TOML": (
        edit(
            "content/follow_up.toml",
            "[levels.A]",
            "[levels.A]\ncolour = [",
        ),
        ("follow_up.toml", "line"),
    ),
    "festivals that are no TOML": (
        write("content/festivals.toml", b"[\n"),
        ("festivals.toml", "cannot be read"),
    ),
}
#: What two files say together is told twice: once for each.
MORE_THAN_ONE = {
    "a name that is none", "an act that is none",
    "red flags that are missing a rule",
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_named(case: str, shop: Shop) -> None:
    how, parts = BROKEN[case]
    how(shop)
    said = shop.inside("content", "check")
    if case in MORE_THAN_ONE:
        assert said.status != 0
        assert "Traceback" not in said.err
        assert any(all(part in line for part in parts) for line in said.err.splitlines()), said.err
    else:
        said.refuses(*parts)


def test_no_content_at_all(shop: Shop, tmp_path: Path) -> None:
    shop.change(shop.config, '"content"', f'"{tmp_path / "nowhere"}"')
    said = shop.inside("content", "check")
    assert said.status == 1
    assert "nowhere" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", [("ask", "你好"), ("chat",), ("serve",)], ids=lambda c: c[0])
def test_broken_content_starts_nothing(command: tuple[str, ...], shop: Shop) -> None:
    edit(ZH, 'owner = "服务台"\n', "")(shop)
    shop.inside(*command).refuses("zh-CN/faq/visit.toml: entry 1 (visit.parking)", "`owner`")


def test_a_broken_reply_starts_nothing(shop: Shop) -> None:
    BROKEN["a reply that is broken"][0](shop)
    shop.inside("ask", "你好").refuses("en/faq/miss.txt.j2", "may not use Call")


def test_an_entry_past_its_review_is_told_but_no_problem(shop: Shop) -> None:
    edit(ZH, "2099-12-31", "2020-01-31")(shop)
    said = shop.inside("content", "check")
    assert said.status == 0
    assert "past its review date" in said.out
    assert "服务台" in said.out
