"""Each fault does what its switch says, over the real wire formats, and the patient is told once.

Every test plays all three phones at once, each with a new patient, on one real server.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.phones.stage import FAULTS
from tests.console.conftest import PASSWORD
from tests.helpers.live import ROOT, LiveServer
from tests.phones.console import Nurse
from tests.phones.drive import Message, OnPhone, Phones

NAMES = ("wechat", "telegram", "sms")
#: Longer than any repetition of a stand-in that is switched on takes, in seconds.
QUIET = 2.5


@pytest.fixture(scope="module")
def server(new_data: Callable[[], Path]) -> Iterator[LiveServer]:
    """A server of our own, with a nurse at its console."""
    data = new_data()
    add = [sys.executable, "-m", "bot", "staff", "add", "nurse.li", "--data", str(data)]
    environment = {**os.environ, "DAOYI_STAFF_PASSWORD": PASSWORD}
    subprocess.run(add, cwd=ROOT, env=environment, check=True, capture_output=True)
    with LiveServer(data) as live:
        yield live


@pytest.fixture
def phones(server: LiveServer) -> Iterator[Phones]:
    """Three new patients who have been greeted; every fault is off, before and after."""
    with httpx.Client(base_url=server.url, timeout=60) as http:
        phones = Phones(http)
        for name in NAMES:
            OnPhone(phones, name).ask("您好")
        yield phones
        for name in NAMES:
            for fault in FAULTS:
                phones.fault(name, fault, on=False)


@pytest.fixture
def nurse(server: LiveServer) -> Iterator[Nurse]:
    with Nurse.signed_in(server.url) as nurse:
        yield nurse


def heard(phones: Phones, before: dict[str, int], name: str) -> list[str]:
    """Return what a phone was told since."""
    return [message["text"] for message in phones.said(name)[before[name] :]]


def counts(phones: Phones) -> dict[str, int]:
    states = phones.states()
    return {name: len(_from_us(states[name])) for name in NAMES}


def _from_us(state: dict[str, Any]) -> list[Message]:
    return [message for message in state["screen"] if message["who"] == "hospital"]


def play(phones: Phones, fault: str, *texts: str) -> dict[str, int]:
    """Switch a fault on everywhere and write; return how much each phone had been told before."""
    before = counts(phones)
    for name in NAMES:
        phones.fault(name, fault)
    for text in texts:
        for name in NAMES:
            phones.act(name, "say", text=text)
        time.sleep(1.0 if len(texts) > 1 else 0.0)
    return before


def told(phones: Phones, before: dict[str, int], name: str, times: int) -> None:
    """Wait until a phone was told something so often; then see that it stays so."""

    def right(state: dict[str, Any]) -> bool:
        return len(_from_us(state)) >= before[name] + times and not state["desk"]["ready"]

    phones.until(name, right, f"not told {times} times")


@pytest.mark.parametrize(
    ("fault", "at_least"), [("duplicate", 2), ("retry_storm", 3)], ids=["duplicate", "retry-storm"]
)
def test_what_comes_often_is_answered_once(phones: Phones, fault: str, at_least: int) -> None:
    before = play(phones, fault, "停车多少钱")
    for name in NAMES:
        told(phones, before, name, 1)
    time.sleep(QUIET)
    for name, state in phones.states().items():
        (answer,) = heard(phones, before, name)
        assert "每小时4元" in answer
        posted = [p for p in state["wire"] if p["sender"] == "platform"]
        ours = [p for p in posted if " type=" not in p["what"]]  # and no receipts
        if name != "telegram":  # where the platform does not post, we poll
            assert len(ours) >= 1 + at_least, "it did come often"
        assert not state["desk"]["unknown"]


def test_a_slow_answer_is_not_sent_again(phones: Phones) -> None:
    """The platform did it and said so too late: who sends again tells the patient twice."""
    before = play(phones, "slow_answer", "停车多少钱")
    for name in NAMES:
        told(phones, before, name, 1)
    for name in NAMES:
        phones.fault(name, "slow_answer", on=False)
    time.sleep(QUIET)
    for name in NAMES:
        assert len(heard(phones, before, name)) == 1, name
    desk = phones.state("telegram")["desk"]
    assert (desk["unknown"], desk["failed"]) == (1, 0), "staff see that nobody knows"


def test_who_blocked_us_is_marked_and_staff_see_it(phones: Phones, nurse: Nurse) -> None:
    before = play(phones, "blocked")
    for name in ("telegram", "sms"):
        phones.act(name, "say", text="人工")
    gone = {
        "wechat": lambda state: state["desk"]["unreachable"],
        "telegram": lambda state: state["desk"]["unreachable"] and state["desk"]["failed"] == 1,
        "sms": lambda state: state["desk"]["failed"] == 1,
    }
    for name in NAMES:
        phones.until(name, gone[name], "nobody noticed")
        assert heard(phones, before, name) == []
    undelivered = nurse.sees_undelivered()
    assert "Telegram" in undelivered
    assert "拉黑" in undelivered
    assert "短信" in undelivered


def test_a_dead_gateway_is_waited_for(phones: Phones) -> None:
    before = play(phones, "gateway_dead", "停车多少钱")
    told(phones, before, "wechat", 1)  # the reply goes in the answer to WeChat's own request
    for name in ("telegram", "sms"):
        phones.until(name, _was_refused, "it was not tried")
        assert heard(phones, before, name) == []
    for name in NAMES:
        phones.fault(name, "gateway_dead", on=False)
    for name in NAMES:
        told(phones, before, name, 1)
        assert len(heard(phones, before, name)) == 1


def _was_refused(state: dict[str, Any]) -> bool:
    sends = ("sendmessage", "sendsms", "custom/send")
    failed = [p["what"].lower() for p in state["wire"] if not p["ok"]]
    refused = [what for what in failed if any(send in what for send in sends)]
    return bool(refused) and state["desk"]["ready"] == 1


def test_expired_credentials_are_renewed_or_waited_for(phones: Phones, nurse: Nurse) -> None:
    """WeChat's token is fetched anew; the others have only what an operator gives them."""
    waiting = OnPhone(phones, "wechat")
    waiting.ask("人工")
    before = counts(phones)
    nurse.takes_the_newest_case()
    told(phones, before, "wechat", 1)  # who came
    before = counts(phones)
    for name in NAMES:
        phones.fault(name, "token_expired")
    nurse.says("您好，我是护士小李。")
    told(phones, before, "wechat", 1)
    wire = phones.state("wechat")["wire"]
    last = [(p["what"].rpartition("/")[2], p["ok"]) for p in wire if p["sender"] == "hospital"]
    assert ("send", False) in last
    assert last[last.index(("send", False)) :].count(("stable_token", True)) == 1
    assert sum("护士小李" in text for text in heard(phones, before, "wechat")) == 1
    for name in ("telegram", "sms"):
        phones.act(name, "say", text="停车多少钱")
        phones.until(name, _was_refused, "it was not tried")
        phones.fault(name, "token_expired", on=False)
        told(phones, before, name, 1)
        assert len(heard(phones, before, name)) == 1


def test_what_comes_the_other_way_round_is_answered_both_times(phones: Phones) -> None:
    before = play(phones, "out_of_order", "停车多少钱", "医院在哪里")
    for name in NAMES:
        told(phones, before, name, 2)
        address, parking = heard(phones, before, name)
        assert "地址" in address, "the second came first"
        assert "每小时4元" in parking


def test_unfollowing_and_coming_back(phones: Phones) -> None:
    for name in ("wechat", "telegram"):
        phones.act(name, "gesture", action="unfollow")
        phones.until(name, lambda state: bool(state["desk"]["unreachable"]), "still reachable")
        phones.act(name, "gesture", action="follow")
        phones.until(name, lambda state: not state["desk"]["unreachable"], "still gone")


@pytest.mark.parametrize("action", ["voice", "photo", "location"])
def test_what_has_no_words_is_answered_too(phones: Phones, action: str) -> None:
    for name in ("wechat", "telegram"):
        before = len(phones.said(name))
        phones.act(name, "gesture", action=action)
        phones.settled(name, before)
