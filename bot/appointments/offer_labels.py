"""What the taps of offers are called: places of a waitlist, visits that the hospital cancelled."""

_LABELS = {
    "zh-CN": {
        "take": "要这个号", "skip": "这个不要，继续等", "leave": "退出候补", "again": "重新候补",
        "mine": "我的候补", "look": "继续挂号", "none": "都不合适，找工作人员",
    },
    "en": {
        "take": "Take this place", "skip": "Not this one, keep waiting", "leave": "Leave the list",
        "again": "Join the list again", "mine": "My waitlist", "look": "Go on booking",
        "none": "None of these: a person",
    },
}  # fmt: skip


def label(name: str, lang: str) -> str:
    """Return the words of a tap."""
    return _LABELS[lang][name]
