"""What the taps of a booking are called, and how they are typed where there are none."""

from bot.message import Button

_LABELS = {
    "zh-CN": {
        "more": "更多时间", "wait": "候补，有号通知我", "sure": "确认预约", "other_time": "换个时间",
        "other_person": "换就诊人", "drop": "不约了", "new_person": "给别人挂（新添就诊人）",
        "bind": "绑定手机号", "mine": "我的预约", "other_doctor": "看看别的医生",
    },
    "en": {
        "more": "More times", "wait": "Waitlist: tell me", "sure": "Book it",
        "other_time": "Another time", "other_person": "For another person", "drop": "Do not book",
        "new_person": "For somebody else", "bind": "Link my phone", "mine": "My visits",
        "other_doctor": "Other doctors",
    },
}  # fmt: skip
_TYPED = {
    "zh-CN": {"drop": "取消", "mine": "我的预约", "back": "返回"},
    "en": {"drop": "cancel", "mine": "my visits", "back": "back"},
}
_TITLES = {"zh-CN": "{name}（{about}）", "en": "{name} ({about})"}


def option(name: str, lang: str, *, to: str = "", choice: object = "") -> Button:
    """Return the choice that goes on at `to` of this flow, or where it is called the same."""
    value = f"flow:booking.{to or name}"
    return Button(_LABELS[lang][name], f"{value}:{choice}" if choice != "" else value)


def shortcut(name: str, lang: str) -> Button:
    """Return a tap that says in a word what can also be typed."""
    return Button(_LABELS[lang][name], _TYPED[lang][name])


def titled(name: str, about: str, lang: str) -> str:
    """Return a name and what tells it from another: 李华（儿科）."""
    return _TITLES[lang].format(name=name, about=about) if about else name
