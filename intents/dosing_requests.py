"""Tell what a whole message asks of its medicine reminders, as a name that the router knows; pure."""

import re

from intents.dosing import dosing_in
from intents.dosing_answers import asks_last, log_in

_MINE = re.compile(
    r"(?:看|查|看看|查看|查一下|看一下)?我?(?:的|有哪些|有什么)?(?:用药|吃药"
    r"|服药)(?:的)?(?:提醒|计划|闹钟)(?:有哪些|列表)?"
    r"|我(?:都)?(?:设|定)了(?:哪些|什么)(?:用药|吃药|服药)提醒"
    r"|(?:修改|改|换|调整?|更改)(?:一下|下)?(?:我的)?(?:用药|吃药|服药)提醒(?:的?时间)?"
    r"|(?:show |see |list |change |edit )?my (?:medicine|medication|pill|tablet)s? reminders?"
    r"|what (?:medicine|medication|pill) reminders do i have"
)
_EDGES = " ,.!?~。、…;:吧呢啊"
#: Words that only name the service; what they ask is to begin.
_SERVICE = frozenset({"用药提醒", "吃药提醒", "服药提醒"})


def medicine_request(plain: str) -> str | None:
    """Return what a normalised message asks: remind_medicine, log_dose, last_dose, medicines_mine."""
    said = plain.strip(_EDGES)
    if said not in _SERVICE and _MINE.fullmatch(said):
        return "medicines_mine"
    if asks_last(plain):
        return "last_dose"
    if dosing_in(plain) is not None:
        return "remind_medicine"
    return "log_dose" if log_in(plain) is not None else None
