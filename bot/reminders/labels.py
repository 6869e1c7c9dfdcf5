"""What the taps of reminders are called."""

from collections.abc import Sequence

from bot.message import Button
from bot.reminders.kinds import Kind

_LABELS = {
    "zh-CN": {
        "confirm": "确认会到", "move": "改期", "cancel": "取消",
        "taken": "已服", "snooze": "过{minutes}分钟再提醒", "skip": "这次不服",
        "book": "帮我约", "done": "已经办好了", "better": "好多了", "worse": "没好或加重",
        "agree": "夜里也提醒", "decline": "夜里不用",
        "more": "逐条处理",
    },
    "en": {
        "confirm": "I'll be there", "move": "Move it", "cancel": "Cancel it",
        "taken": "Taken", "snooze": "Remind me in {minutes} min", "skip": "Not this time",
        "book": "Book it", "done": "Already done", "better": "Much better",
        "worse": "No better or worse", "more": "One by one",
        "agree": "At night too", "decline": "Not at night",
    },
}  # fmt: skip
#: Minutes that the tap puts a dose off by; other lengths are said in words.
SNOOZE = 20


def label(word: str, lang: str) -> str:
    """Return the words of a tap; `word` is one of `kinds.ANSWERS`."""
    return _LABELS[lang][word].format(minutes=SNOOZE)


def value(reminder_id: int, word: str) -> str:
    """Return what stands for an answer to a reminder among the options of a message."""
    return f"flow:reminders.answer:{reminder_id}-{word}"


def taps(reminder_id: int, words: Sequence[str], lang: str) -> tuple[Button, ...]:
    """Return the taps below the message whose first reminder is `reminder_id`."""
    return tuple(Button(label(word, lang), value(reminder_id, word)) for word in words)


def taps_of(reminder_id: int, kind: Kind, lang: str) -> tuple[Button, ...]:
    """Return the taps of a message that says one kind of reminder."""
    return taps(reminder_id, kind.answers, lang)
