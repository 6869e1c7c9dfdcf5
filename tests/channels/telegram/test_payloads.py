"""Every kind of update: what it means to us, and that a real one looks like ours."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from bench.standins.telegram import SECRET
from bot.errors import BadInput
from bot.message import Inbound, Moved
from tests.channels.telegram.shared import PAYLOADS, Judge, Kept, opened
from tests.channels.telegram.test_contract import HEADER, one, post, update

FILES = sorted(PAYLOADS.glob("*.json"))


def skipped() -> float:
    labels = {"channel": "telegram", "account": "main"}
    return REGISTRY.get_sample_value("daoyi_channel_skipped_total", labels) or 0.0


def read(raw: dict[str, Any]) -> list[Any]:
    channel = one()
    request = post(raw, **{HEADER: SECRET})
    return list(channel.parse(request, channel.verify(request)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_update_is_read_for_what_it_is(path: Path) -> None:
    recorded = json.loads(path.read_text("utf-8"))
    expected, before = recorded["expected"], skipped()
    found = read(recorded["update"])
    assert skipped() == before, "an update that Telegram sends is never unreadable"
    if expected is None:
        assert found == []
    elif "moved" in expected:
        (moved,) = found
        assert isinstance(moved, Moved)
        assert (moved.address.user, moved.user) == (expected["from"], expected["moved"])
    else:
        (inbound,) = found
        assert isinstance(inbound, Inbound)
        assert (inbound.form, inbound.text) == (expected["form"], expected["text"])
        assert (inbound.address.account, inbound.address.user) == ("main", "7000000001")
        assert inbound.key.startswith(f"{recorded['update']['update_id']}:")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_recorded_updates_are_what_the_bot_api_sends(path: Path, judge: Judge) -> None:
    assert judge.about("update", json.loads(path.read_text("utf-8"))["update"]) == ""


def test_no_payload_is_of_a_person() -> None:
    for path in FILES:
        numbers = set(re.findall(r"\+?\d{9,}", path.read_text("utf-8")))
        allowed = re.compile(
            r"\+12025550123|70000000\d\d|100200300|(100)?900000000\d|73\d{7}|17\d{8}|4382"
        )
        assert all(allowed.match(number) for number in numbers), path.name


BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("no message id", {"message": {"chat": {"id": 1, "type": "private"}, "text": "x"}}),
    ("a text that is a number", {"message": {**update("x")["message"], "text": 7}}),
    ("a text that is a list", {"message": {**update("x")["message"], "text": ["x"]}}),
    ("a chat that is a name", {"message": {**update("x")["message"], "chat": "me"}}),
    (
        "a chat whose number is a word",
        {"message": {**update("x")["message"], "chat": {"id": "7", "type": "private"}}},
    ),
    ("a date of no calendar", {"message": {**update("x")["message"], "date": 10**18}}),
    ("a tap without its instance", {"callback_query": {"id": "1", "from": {}, "data": "#1"}}),
    ("a message that is a list", {"message": [1, 2]}),
    ("a member without a status", {"my_chat_member": {"chat": {"id": 1, "type": "private"}}}),
]


@pytest.mark.parametrize(("why", "body"), BROKEN, ids=[why for why, _ in BROKEN])
def test_what_nobody_can_read_is_skipped_and_counted(why: str, body: dict[str, Any]) -> None:
    """It holds nothing: refused, Telegram would post it again and again, and nothing after it."""
    before = skipped()
    assert read({"update_id": 5, **body}) == [], why
    assert skipped() == before + 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"null", b"7", b"[]", b"{}", b'{"update_id": "7"}', b"[" * 90_000]
)
def test_what_is_no_update_is_refused(body: bytes) -> None:
    channel = one()
    with pytest.raises(BadInput) as refused:
        channel.parse(post({}).__class__("main", body), "")
    assert refused.value.status == 400


def test_a_number_that_comes_again_after_a_quiet_week_hides_nobody() -> None:
    """Update numbers start anew at random: the key holds what else makes a message that one."""
    first, other = update("胸痛"), update("头痛")
    other["message"]["message_id"] += 7
    later = update("牙痛")
    later["message"]["date"] += 700_000
    keys = {read(raw)[0].key for raw in (first, other, later)}
    assert len(keys) == 3
    assert read(first)[0].key in keys


def test_an_edit_is_a_new_message_and_so_is_the_next() -> None:
    message = update("x")["message"]
    edits = [
        {
            "update_id": 8 + n,
            "edited_message": {**message, "text": f"x{n}", "edit_date": 1_790_000_009 + n},
        }
        for n in range(2)
    ]
    keys = {read(raw)[0].key for raw in (update("x"), *edits)}
    assert len(keys) == 3


async def test_what_patients_write_is_in_no_log(
    capsys: pytest.CaptureFixture[str], kept: Kept
) -> None:
    """Not even where reading or storing it fails."""
    channel = opened()
    kept.errors = [RuntimeError("胸痛")] * 2
    arrivals: list[Any] = channel._trouble.read_each(
        [{"message": "胸痛"}, update("胸痛")], channel._read
    )
    await channel._trouble.store(kept, arrivals)
    said = "".join(capsys.readouterr())
    assert "channel.skipped" in said
    assert "胸痛" not in said
    assert "7000000001" not in said
