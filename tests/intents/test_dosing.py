"""A sentence that asks to be reminded of medicine is read as said; what is not sure is asked."""

from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.dosing import Wanted, answer_in, dosing_in
from intents.dosing_answers import asks_last, log_in, reason_in, snooze_in
from intents.dosing_requests import medicine_request
from intents.normalize import normalize

MONDAY = date(2026, 11, 16)
CASES = [
    tuple(line.split(" => ") if " => " in line else [line.removesuffix(" =>"), ""])
    for line in (Path(__file__).parent / "dosing_cases.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def told(wanted: Wanted | None) -> str:
    """Write down what was read, as the cases do."""
    if wanted is None:
        return "nothing"
    said = [*(f"{at:%H:%M}" for at in wanted.times), *wanted.parts]
    said += [] if wanted.sure else ["unsure"]
    numbers = {
        "a_day": wanted.a_day, "hours": wanted.hours,
        "every": wanted.every if wanted.every > 1 else None,
        "weekdays": "".join(str(day + 1) for day in sorted(wanted.weekdays)), "a_week": wanted.a_week,
        "start": f"{wanted.start:%m-%d}" if wanted.start else "",
        "end": f"{wanted.end:%m-%d}" if wanted.end else "",
        "days": wanted.days, "food": wanted.food, "medicine": wanted.medicine, "dose": wanted.dose,
        "whom": wanted.whom,
    }  # fmt: skip
    said += [f"{name}={str(value).replace(' ', '_')}" for name, value in numbers.items() if value]
    said += [name for name in ("prn", "beyond", "several") if getattr(wanted, name)]
    return " ".join([*said, *([] if wanted.asked else ["told"])])


@pytest.mark.parametrize(("sentence", "read"), CASES)
def test_a_sentence_is_read_as_it_was_said(sentence: str, read: str) -> None:
    assert told(dosing_in(sentence, MONDAY)) == read


def test_the_sentences_are_many_and_many_are_traps() -> None:
    assert sum(read != "nothing" for _, read in CASES) >= 150
    assert sum(read == "nothing" for _, read in CASES) >= 70


@pytest.mark.parametrize(
    ("sentence", "missing", "suggested"),
    [
        ("提醒我每天早8点晚8点吃药", None, "08:00 20:00"),
        ("提醒我吃药", "times", ""),
        ("每天三次饭后吃阿莫西林", "times", "08:00 12:00 18:00"),
        ("提醒我睡前吃药", "times", "21:30"),
        ("提醒我一天四次滴眼药水", "times", "08:00 12:00 18:00 21:30"),
        ("提醒我早上8点和睡前吃药", "times", "08:00 21:30"),
        ("提醒我一天三次早上8点吃药", "times", "08:00 12:00 18:00"),
        ("提醒我每8小时吃一次药,早上6点开始", "times", "06:00 14:00 22:00"),
        ("提醒我每12小时吃一次药", "times", "08:00 20:00"),
        ("提醒我一天七次吃药", "times", ""),
        ("一周三次提醒我吃药", "weekdays", ""),
        ("remind me to take my pills three times a day", "times", "08:00 12:00 18:00"),
    ],
)
def test_hours_she_did_not_say_are_proposed_never_taken(
    sentence: str, missing: str | None, suggested: str
) -> None:
    wanted = dosing_in(sentence, MONDAY)
    assert wanted is not None
    assert wanted.missing == missing
    assert " ".join(f"{at:%H:%M}" for at in wanted.suggested()) == suggested


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        ("早上8点和晚上9点", [time(8), time(21)]),
        ("八点 十二点 十八点", [time(8), time(12), time(18)]),
        ("7:30am and 9pm", [time(7, 30), time(21)]),
        ("改成晚上十点", [time(22)]),
    ],
)
def test_hours_are_read_in_an_answer(answer: str, times: list[time]) -> None:
    found = answer_in(answer)
    assert found is not None
    assert list(found.times) == times


def test_an_answer_without_hours_names_none() -> None:
    assert answer_in("不知道") is None


_PIECES = st.sampled_from(
    [
        "提醒我",
        "吃药",
        "每天",
        "早8点",
        "晚",
        "20:00",
        "三次",
        "饭后",
        "每隔一天",
        "周一三五",
        "吃7天",
        "阿莫西林",
        "一片",
        "remind",
        "me",
        "to",
        "take",
        "pills",
        "at",
        "8am",
        "every",
        ",",
        "。",
        "不",
        "吗",
    ]
)


@given(st.lists(_PIECES, max_size=10) | st.lists(st.text(max_size=12), max_size=5))
def test_no_mixture_raises_or_says_an_hour_twice(pieces: list[str]) -> None:
    wanted = dosing_in("".join(pieces), MONDAY)
    if wanted is not None:
        assert list(wanted.times) == sorted(set(wanted.times))
        assert wanted.every >= 1
        assert wanted.days is None or wanted.days >= 1


@given(st.text(max_size=80))
def test_answers_of_any_kind_are_read_without_raising(text: str) -> None:
    assert snooze_in(text) is None or snooze_in(text) >= 0  # type: ignore[operator]
    assert reason_in(text) in {"doctor", "finished", "unwell", "forgot", "other"}
    log_in(text)
    asks_last(text)
    answer_in(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("过20分钟", 20), ("半小时后再提醒我", 30), ("等会儿", 0), ("in 15 min", 15), ("snooze", 0),
        ("再过十分钟提醒", 10), ("过一个小时", 60), ("later", 0),
        ("晚点再说", 0), ("remind me again in half an hour", 30),
        ("吃了", None), ("已服", None), ("不吃了", None), ("taken", None),
    ],
)  # fmt: skip
def test_how_long_to_wait(text: str, minutes: int | None) -> None:
    assert snooze_in(text) == minutes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("有点恶心", "unwell"), ("吃了胃难受", "unwell"),
        ("忘了带", "forgot"), ("我在外面没带", "forgot"),
        ("医生让停了", "doctor"), ("吃完了", "finished"),
        ("就是不想吃", "other"), ("ran out", "finished"),
        ("my doctor told me to stop", "doctor"), ("feel sick", "unwell"), ("left it at home", "forgot"),
    ],
)  # fmt: skip
def test_why_a_dose_is_left_out(text: str, reason: str) -> None:
    assert reason_in(text) == reason


@pytest.mark.parametrize(
    ("text", "medicine", "dose"),
    [
        ("吃了一片止痛药", "止痛药", "一片"), ("我刚吃了布洛芬", "布洛芬", ""),
        ("took one ibuprofen", "ibuprofen", ""),
        ("took my painkiller", "painkiller", ""), ("刚喷了两喷", "", "两喷"),
        ("I took 2 tablets", "", "2 tablets"),
    ],
)  # fmt: skip
def test_what_she_took_by_herself_is_noted(text: str, medicine: str, dose: str) -> None:
    found = log_in(text)
    assert found is not None
    assert (found.medicine, found.dose) == (medicine, dose)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "吃了",
            "刚才吃过了",
            "吃了药头晕",
            "吃了两片止痛药还是疼",
            "能不能再吃一片",
            "吃了药要多久",
            "忘了吃药",
        ),
        *(
            "给我妈约的,不小心用了我的信息",
            "打了一半的点滴不想打了",
            "药吃了身上痒",
            "had my medical last week",
            "the machine swallowed my card",
            "多吃了一片",
            "昨天吃了一片止痛药",
            "吃了饭",
            "taken",
            "I took too many",
            "forgot to take it",
        ),
    ],
)
def test_what_is_no_plain_note_is_none(text: str) -> None:
    assert log_in(text) is None


@pytest.mark.parametrize(
    "text", ["上次什么时候吃的", "上次几点吃的药", "when did I last take my painkiller"]
)
def test_when_it_was_last_taken_is_a_question_we_look_up(text: str) -> None:
    assert asks_last(text)


@pytest.mark.parametrize(
    "text", ["什么时候吃药", "多久能再吃", "when should I take it", "上次挂的什么号"]
)
def test_when_it_should_be_taken_is_not(text: str) -> None:
    assert not asks_last(text)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("提醒我每天早8点晚8点吃药", "remind_medicine"), ("我的用药提醒", "medicines_mine"),
        ("改吃药提醒的时间", "medicines_mine"), ("my medicine reminders", "medicines_mine"),
        ("吃药提醒", "remind_medicine"), ("change my medicine", None),
        ("上次什么时候吃的止痛药", "last_dose"), ("吃了一片止痛药", "log_dose"),
        ("吃了", None), ("能不能补吃", None), ("我的预约", None), ("挂号", None),
    ],
)  # fmt: skip
def test_what_the_router_is_told(text: str, request_: str | None) -> None:
    assert medicine_request(normalize(text)) == request_
