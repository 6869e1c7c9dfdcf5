"""Reminders by text message: whoever holds the phone reads the time, nothing of an illness (PR-06)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.app import Content
from bot.channels.base import Limits
from bot.channels.sms import parts
from bot.dialogue.wording import Wording
from bot.message import Kind, Say
from bot.reminders.kinds import Kind as Reminder
from bot.reminders.labels import taps_of
from tests.dialogue.test_templates import REPLIES

SIGNATURE = "和安一院"
TEXT_MESSAGES = Limits(
    text=10, measure=lambda text: parts(text, SIGNATURE).parts, private=False, free_text=True
)
#: What one message may cost: it is read on a small screen, and paid for by the part. The dashes and the
#: signature make English UCS-2 as well.
MOST = {"zh-CN": 2, "en": 5}
#: The longest that is told: on the day of discharge there is more than a time.
LONGER = {"reminders/discharge": 3, "reminders/follow_up": 3, "reminders/fee": 3}
SECRETS = {
    "zh-CN": {
        "medicine": "草酸艾司西酞普兰片", "dose": "10毫克", "department": "生殖医学科",
        "item": "乙肝两对半检查费",
        "medicines": "草酸艾司西酞普兰片", "signs": "咯血", "question": "恢复得好吗？",
    },
    "en": {
        "medicine": "escitalopram", "dose": "10 mg", "department": "Reproductive Medicine",
        "item": "hepatitis B test", "medicines": "escitalopram", "signs": "coughing blood",
        "question": "How are you?",
    },
}  # fmt: skip
NEVER = {"zh-CN": ("西酞普兰", "10毫克", "生殖", "乙肝", "咯血"),
         "en": ("escitalopram", "10 mg", "Reproductive", "hepatitis", "coughing")}  # fmt: skip
AT = datetime(2026, 11, 26, 0, tzinfo=UTC)


def values(lang: str, kind: Reminder) -> dict[str, Any]:
    """Return all that a text may mention, as the domains fill it."""
    zh = lang == "zh-CN"
    step = {"at": AT, "text": SECRETS[lang]["item"]}
    return {
        "h": {"phone": "0799-555-0100", "name": SIGNATURE, "rule": {"arrive_early_minutes": 20}},
        "today": date(2026, 11, 25), "who": "李桂兰" if zh else "Li Guilan", "whom": "",
        "doctor": "李明远", "title": "主任医师" if zh else "Chief Physician",
        "day": "11月26日周四" if zh else "Thu 26 Nov", "window": "14:00–14:30", "days": 1,
        "place": "门诊楼三层东区301-1诊室" if zh else "Outpatient Building, floor 3, room 301-1",
        "way": "https://map.example/jiangbei", "cancellable": True,
        "cancel_until": "11月25日周三 16:00" if zh else "Wed 25 Nov 16:00", "missed": 0,
        "missed_days": 90, "missed_most": 3, "missed_pause": 30, "prepares": False, "fast_from": "",
        "fasts_now": False, "steps": [step], "late_steps": [step], "occurs": AT,
        "answers": bool(kind.answers),
        "food": "饭后" if zh else "after food", "nights": 2, "runs_out": date(2026, 12, 1),
        "days_left": 5, "path": "", "prescriber": "", "first": date(2026, 12, 1),
        "last": date(2026, 12, 8), "is_last": False, "due": date(2026, 12, 20), "at": AT,
        "bring": "", "ward": "", "call": "", "first_follow_up": None, "hours": "", "amount": 12_345,
        "due_on": date(2026, 12, 1), "where": "", "left": 12_345, "needed": 100_000, "festival": "",
        "occasion": "", "changed": [], "line": "", **SECRETS[lang],
        **({} if kind.about == "visit" else {"day": date(2026, 11, 26)}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def wording(content: Content) -> Wording:
    return Wording(REPLIES, content.catalog)


def cases(content: Content) -> list[tuple[Reminder, str]]:
    return [(kind, lang) for kind in content.kinds.kinds.values() for lang in MOST]


def said(wording: Wording, kind: Reminder, lang: str, **more: Mapping[str, Any]) -> str:
    say = Say(
        kind.text,
        Kind.REMINDER,
        {**values(lang, kind), **more},
        options=taps_of(1, kind, lang),
    )
    known = {"h": values(lang, kind)["h"], "today": date(2026, 11, 25)}
    return wording.word(say, lang, TEXT_MESSAGES, known, ask=1).text


def test_every_kind_fits_and_reveals_nothing(wording: Wording, content: Content) -> None:
    problems = []
    for kind, lang in cases(content):
        text = said(wording, kind, lang)
        cost = parts(text, SIGNATURE).parts
        if cost > max(MOST[lang], LONGER.get(kind.text, 0)):
            problems.append(f"{kind.key} {lang}: {cost} parts: {text}")
        if shown := [word for word in NEVER[lang] if word in text]:
            problems.append(f"{kind.key} {lang}: says {shown}: {text}")
        if revealed := wording.reveals(text):
            problems.append(f"{kind.key} {lang}: reveals {revealed}: {text}")
    assert problems == []


def test_what_stands_in_by_text_message_is_the_same(wording: Wording, content: Content) -> None:
    """On a channel of her own the text for other eyes is made along; its digits answer it there."""
    for kind, lang in cases(content):
        filled = values(lang, kind)
        say = Say(kind.text, Kind.REMINDER, filled, taps_of(1, kind, lang))
        known = {"h": filled["h"], "today": date(2026, 11, 25)}
        worded = wording.word(say, lang, Limits(buttons=8), known, ask=1)
        assert worded.discreet == said(wording, kind, lang), kind.key
