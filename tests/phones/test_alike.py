"""One hospital, four ways to it: the same words mean the same on WeChat, Telegram, SMS and the page.

A real server in a process of its own, real wire formats: signed and encrypted XML, Bot API updates
by long polling, Kannel's callbacks, the web chat's JSON.
"""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.helpers.live import LiveServer
from tests.phones.drive import (
    Message,
    OnPhone,
    Phones,
    Reply,
    Talks,
    everywhere,
    meaning,
    shortcuts_of,
)

QUESTIONS = {
    "zh-CN": ("停车多少钱", "门诊几点开", "怎么取报告", "医院在哪里", "能用医保吗"),
    "en": ("how much is parking", "when are you open", "where do I get my test results",
           "where is the hospital", "how do I get an invoice"),
}  # fmt: skip
#: Greets, so that each channel has introduced itself in its own words; asks something that may mean
#: several things; picks; asks for a person.
CONVERSATIONS = {
    "zh-CN": ("您好", "费用", "第二个", "9", "0"),
    "en": ("hello", "bring", "2", "9", "0"),
}


@pytest.fixture(scope="module")
def http(live_server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server.url, timeout=60) as client:
        yield client


def heard(talks: Talks, texts: tuple[str, ...]) -> list[list[Message]]:
    return [talks.ask(text) for text in texts]


def meant(http: httpx.Client, texts: tuple[str, ...]) -> dict[str, list[Reply]]:
    """Return what each channel answered to each text, without what only that channel does."""
    answers = {talks.name: heard(talks, texts) for talks in everywhere(http)}
    labels = {label for said in answers["webchat"] for label in shortcuts_of(said)}
    return {
        name: [meaning(messages, labels) for messages in said] for name, said in answers.items()
    }


@pytest.mark.parametrize("lang", QUESTIONS)
def test_the_same_questions_have_the_same_answers(http: httpx.Client, lang: str) -> None:
    hello, *_ = CONVERSATIONS[lang]
    answers = meant(http, (hello, *QUESTIONS[lang]))
    page = answers.pop("webchat")[1:]
    assert len(set(page)) == len(page), "every question has an answer of its own"
    for name, said in answers.items():
        assert said[1:] == page, name


@pytest.mark.parametrize("lang", CONVERSATIONS)
def test_a_conversation_goes_the_same_way_everywhere(http: httpx.Client, lang: str) -> None:
    """Ambiguous → numbered candidates → the second → its answer → again → a person."""
    answers = meant(http, CONVERSATIONS[lang])
    page = answers.pop("webchat")
    _, candidates, picked, again, person = page
    assert len(candidates.options) >= 3
    assert picked.text
    assert not picked.options
    assert again == picked
    assert person.text != picked.text
    for name, said in answers.items():
        assert said[1:] == page[1:], name


@pytest.mark.parametrize("second", ["2", "２", "②", "二", "第二个"])
def test_a_number_may_be_written_as_people_write_it(http: httpx.Client, second: str) -> None:
    for talks in everywhere(http):
        hello, which, picked = heard(talks, ("您好", "费用", second))
        labels = shortcuts_of(hello) | {"转人工", "能问什么"}
        (_, option, *_) = meaning(which, labels).options
        answer = meaning(picked, labels)
        assert option == "缴费窗口在哪"
        assert "收费窗口" in answer.text, f"{talks.name}: {answer.text[:60]}"


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_an_emergency_is_one_everywhere(http: httpx.Client, lang: str) -> None:
    """The numbers to call come first; a text message says it shorter."""
    words = {"zh-CN": "我胸口痛得厉害,喘不上气", "en": "crushing chest pain, I cannot breathe"}[
        lang
    ]
    for talks in everywhere(http):
        (said,) = heard(talks, (words,))
        assert "120" in said[0]["text"], talks.name


def test_reset_gives_a_patient_nobody_knows(http: httpx.Client) -> None:
    first, second = (next(iter(everywhere(http))) for _ in range(2))
    first.ask("费用")
    (said,) = heard(second, ("第二个",))
    assert "收费窗口" not in said[0]["text"]


def test_a_phone_is_linked_by_its_code_and_a_question_goes_on_there(http: httpx.Client) -> None:
    """The accounts join a running application: what sends the codes is found all the same."""
    phones = Phones(http)
    telegram, sms = OnPhone(phones, "telegram"), OnPhone(phones, "sms")
    telegram.ask("绑定手机号")
    telegram.ask(phones.state("sms")["patient"])
    phones.until("sms", lambda _: bool(phones.said("sms")), "no code came")
    code = re.search(r"(?<!\d)\d{6}(?!\d)", phones.said("sms")[-1]["text"])
    assert code is not None
    assert "已和尾号" in telegram.ask(code[0])[-1]["text"]
    assert "下面哪一项" in telegram.ask("费用")[-1]["text"]
    sms.seen = len(phones.said("sms"))
    assert "收费窗口" in sms.ask("②")[-1]["text"]
