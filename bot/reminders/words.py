"""What reminders and what was chosen about them are called, for those who get them."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.reminders.choices import Choice
from scheduler.hours import wall

_ABOUT: Mapping[str, Mapping[str, str]] = {
    "zh-CN": {
        "visit": "就诊", "medication": "用药", "refill": "续方", "revisit": "复诊", "checkup": "体检",
        "admission": "入院", "discharge": "出院", "follow_up": "出院随访", "collect": "取药",
        "fee": "缴费", "deposit": "押金", "greeting": "问候",
    },
    "en": {
        "visit": "visit", "medication": "medicine", "refill": "refill", "revisit": "return visit",
        "checkup": "check-up", "admission": "admission", "discharge": "discharge",
        "follow_up": "follow-up", "collect": "collection", "fee": "payment", "deposit": "deposit",
        "greeting": "greeting",
    },
}  # fmt: skip


def about(what: str, lang: str) -> str:
    """Return what reminders about something are called (`kinds.ABOUT`)."""
    return _ABOUT[lang].get(what, what)


def chosen(choice: Choice, lang: str, zone: ZoneInfo, now: datetime) -> dict[str, object]:
    """Return what a text may say of what somebody chose, by her own clocks."""
    pause = choice.paused_until if choice.paused_until and choice.paused_until > now else None
    begins = choice.paused_from if pause and choice.paused_from else None
    return {
        "paused_until": wall(pause, zone) if pause else None,
        "paused_from": wall(begins, zone) if begins and begins > now else None,
        "muted": choice.muted_on == wall(now, zone).date(),
        "best": choice.best,
        "off": [about(one, lang) for one in sorted(choice.off)],
        "keeps": choice.pause_keeps,
        "greetings": choice.greetings_at is not None,
    }
