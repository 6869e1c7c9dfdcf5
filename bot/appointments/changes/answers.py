"""What an answer to "shall this visit be cancelled, or moved?" means; pure.

Only a plain yes is one: whatever asks back, hesitates, supposes or may mean both changes nothing (I6).
"""

import re
from collections.abc import Collection
from enum import StrEnum

from intents.catalog import act_key

_DOUBT = re.compile(
    r"[?？…~～]|\.\.|。。|吗|呢|么$|\b(?:maybe|perhaps|not sure|if)\b|可能|也许|好像|大概|要是|如果"
)
_YES = frozenset({
    "是", "是的", "是啊", "是呀", "是滴", "对", "对的", "对啊", "对对", "确认", "确定", "确认无误",
    "没错", "同意", "好", "好的", "好啊", "好嘞", "行", "行的", "行啊", "可以", "可以的", "没问题",
    "当然",
    "yes", "yeah", "yep", "yup", "yes please", "yes i do", "ok", "okay", "sure", "of course",
    "correct", "confirm", "confirmed", "i confirm", "agree", "i agree", "please do", "go ahead", "do it",
    "yes do it",
})  # fmt: skip
_YES_ZH = (
    r"(?:(?:是|是的|对|对的|好|好的|嗯|行|可以|没错|确认|确定|我确认|我确定|同意)[,，。!！\s]*)?"
)
_ZH = r"(?:就|请|帮我|请帮我|麻烦帮我|给我|那就|我要|我想|要)?"
_OF_IT = r"掉?(?:这个|它|这次|吧|就诊|预约|这个号|这个预约|这次就诊|这次预约)*(?:了?吧|谢谢)?"
_EN = r"(?:(?:yes|ok|okay|sure|yeah|yep)[,.! ]*)?(?:please |go ahead and |i want to |i confirm,? )?"
_OF_IT_EN = (
    r"(?: (?:it|this|that|the|my|this one|appointment|booking|visit|to the new time|please))*"
)
_DO = {
    "cancel": re.compile(
        rf"{_YES_ZH}{_ZH}(?:确认|确定)?(?:取消|退号|退掉|退了){_OF_IT}|{_EN}cancel{_OF_IT_EN}"
    ),
    "move": re.compile(
        rf"{_YES_ZH}{_ZH}(?:确认|确定)?(?:改|改期|改到这天|改过去){_OF_IT}"
        rf"|{_EN}move{_OF_IT_EN}"
    ),
}
#: Alone they may mean "cancel the visit" as well as "drop this": asked again.
_BOTH = frozenset({"取消", "取消操作", "退号", "cancel", "cancel this", "cancel that", "退出"})
_KEEP = frozenset({
    "保留", "保留预约", "保留原来的", "先保留", "留着", "先留着", "留着吧", "不改了", "先不改",
    "先不改了",
    "不改", "不换了", "还是原来的", "就原来的", "原来的就行", "照旧", "不变", "不动了",
    "还是去吧", "我还是去",
    "不退了", "先不退了", "keep", "keep it", "keep the old one", "keep mine", "leave it as it is",
    "don't move it", "dont move it", "do not move it", "no change", "leave it", "keep it please",
    "please keep it",
})  # fmt: skip
_NOT = re.compile(
    r"不(?:要|想|用)?(?:取消|退号|改期)|别(?:取消|退|改)|\b(?:don't|dont|do not|not) (?:cancel|move)"
    r"|^(?:cancel|move)\W+no$|^no\b(?! problem)"
)
_DROPS = frozenset({"no", "keep", "back", "cancel"})


class Meant(StrEnum):
    """What was answered."""

    YES = "yes"
    KEEP = "keep"
    UNCLEAR = "unclear"


def meant(text: str, acts: Collection[str], doing: str) -> Meant:
    """Return what `text` answers to the question whether to "cancel" or to "move".

    Args:
        acts: what the whole message is, as the catalog of acts knows it: "no", "keep", "back" …
    """
    key = act_key(text)
    if key in _BOTH and doing == "cancel":
        return Meant.UNCLEAR
    if key in _KEEP or _DROPS.intersection(acts) or _NOT.search(text.strip().casefold()):
        return Meant.KEEP
    if _DOUBT.search(text.casefold()):
        return Meant.UNCLEAR
    if key in _YES or _DO[doing].fullmatch(key):
        return Meant.YES
    return Meant.UNCLEAR
