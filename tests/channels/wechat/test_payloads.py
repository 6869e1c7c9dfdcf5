"""Every kind of post, as WeChat writes it, and what it means to us."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from bot.message import Address, Form, Grant, Inbound, Permission, Progress, Receipt
from tests.helpers.wechat import MODES, PAYLOADS, USER, channel, payload, post, xml

WHERE = Address("wechat", "main", USER)
MESSAGE, EVENT = Grant(5, 172_800), Grant(3, 60)
STAMP, NUMBER = "1795053600", "24000000000000017"
KEY = f"{NUMBER}-{STAMP}-{USER}"
NOTICES = {"visit": "NOTICE-VISIT", "moved": "NOTICE-MOVED"}


def said(text: str, form: Form = Form.TEXT, key: str = KEY) -> list[Any]:
    return [Inbound(WHERE, key, text, form, MESSAGE)]


def event(
    event: str, form: Form, text: str = "", value: str = "", grant: Grant | None = EVENT
) -> Any:
    return [Inbound(WHERE, f"{STAMP}-{USER}-{value}-{event}", text, form, grant)]


def receipt(progress: Progress, number: str, code: str = "") -> Receipt:
    return Receipt("wechat", "main", progress, provider_id=number, code=code)


def permission(place: int, name: str, event: str, *, allowed: bool) -> Permission:
    return Permission(WHERE, f"{STAMP}-{USER}--subscribe_msg_{event}_event-{place}", name, allowed)


MEANINGS: dict[str, list[Any]] = {
    "text": said("孩子发烧挂什么科"),
    "text_with_menu_id": said("满意"),
    "text_empty": [],
    "text_with_markup": said("<!DOCTYPE x> & <xml> 1 < 2 ]]> &amp; <Encrypt>AAAA</Encrypt>"),
    "text_without_time": said("停车多少钱", key=f"{NUMBER}--{USER}"),
    "text_time_is_no_number": said("停车多少钱", key=f"{NUMBER}--{USER}"),
    "voice_recognised": said("几点开门。", Form.VOICE),
    "voice": said("", Form.VOICE),
    "voice_recognition_empty": said("", Form.VOICE),
    "image": said("", Form.IMAGE),
    "video": said("", Form.VIDEO),
    "shortvideo": said("", Form.VIDEO),
    "location": said("", Form.LOCATION),
    "link": said("", Form.LINK),
    "file": said("", Form.FILE),
    "miniprogrampage": said("", Form.OTHER),
    "of_a_new_kind": said("", Form.OTHER),
    "subscribe": event("subscribe", Form.FOLLOWED),
    "subscribe_by_code": event("subscribe_scan", Form.FOLLOWED, value="lobby"),
    "subscribe_by_product": event(
        "subscribe_scan_product", Form.FOLLOWED, value="scanbarcode|2|6900000000000"
    ),
    "unsubscribe": event("unsubscribe", Form.LEFT, grant=None),
    "scan": event("SCAN", Form.FOLLOWED, value="lobby"),
    "click": event("CLICK", Form.TEXT, "怎么挂号", "怎么挂号"),
    "click_on_nothing": [],
    "view": [],
    "view_miniprogram": [],
    "location_event": [],
    "scancode_waitmsg": [],
    "pic_weixin": [],
    "template_success": [receipt(Progress.DELIVERED, "2400000000017")],
    "template_blocked": [receipt(Progress.UNDELIVERED, "2400000000017", "user block")],
    "template_failed": [receipt(Progress.FAILED, "2400000000017", "system failed")],
    "template_without_id": [],
    "popup_one": [permission(0, "visit", "popup", allowed=True)],
    "popup_three": [
        permission(0, "visit", "popup", allowed=True),
        permission(2, "moved", "popup", allowed=False),
    ],
    "popup_empty": [],
    "change": [permission(0, "visit", "change", allowed=False)],
    "sent_one": [receipt(Progress.DELIVERED, "1864323726461255680")],
    "sent_two": [
        receipt(Progress.DELIVERED, "1864323726461255681"),
        receipt(Progress.UNDELIVERED, "1864323726461255682", "43101"),
    ],
    "publish": [],
    "mass_sent": [],
    "event_of_a_new_kind": [],
    "device_text": [],
}
#: What a simulator leaves out; their keys are asked of below.
INCOMPLETE = {"text_without_msgid", "text_without_msgid_and_time"}


def test_every_payload_has_a_meaning() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.xml")} == {*MEANINGS, *INCOMPLETE}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", MEANINGS)
def test_a_post_means(name: str, mode: str) -> None:
    opened, request = channel(mode, notices=NOTICES), post(payload(name), mode)
    assert opened.parse(request, opened.verify(request)) == MEANINGS[name]


@pytest.mark.parametrize("name", sorted(INCOMPLETE))
def test_what_a_simulator_leaves_out_is_survived(name: str) -> None:
    opened, body = channel(), payload(name)
    (first,) = opened.parse(post(body), "")
    (again,) = opened.parse(post(body), "")
    (another,) = opened.parse(post(body.replace("停车", "挂号")), "")
    assert first == again
    assert first.text == "停车多少钱"  # type: ignore[union-attr]
    assert first.key != another.key  # type: ignore[union-attr]


def test_the_same_words_said_twice_are_two_messages_even_without_any_number() -> None:
    opened, body = channel(), payload("text_without_msgid_and_time")
    keys = {opened.parse(post(body, nonce=nonce), "")[0].key for nonce in ("1", "2")}  # type: ignore[union-attr]
    assert len(keys) == 2


def test_two_taps_in_one_second_are_two_when_they_differ() -> None:
    opened, body = channel(), payload("click")
    one, other = (opened.parse(post(b), "")[0] for b in (body, body.replace("挂号", "退号")))
    assert one.key != other.key  # type: ignore[union-attr]


def test_a_retry_with_another_nonce_is_the_same_message() -> None:
    opened = channel()
    first, again = (opened.parse(post(xml(), nonce=n), "")[0] for n in ("1", "2"))
    assert first == again


def test_events_nobody_needs_are_counted_without_their_words() -> None:
    def counted(event: str) -> float:
        return REGISTRY.get_sample_value("daoyi_wechat_ignored_total", {"event": event}) or 0.0

    before, views = counted("other"), counted("view")
    for name in ("event_of_a_new_kind", "publish", "view"):
        channel().parse(post(payload(name)), "")
    assert (counted("other"), counted("view")) == (before + 2, views + 1)


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("text", "<FromUserName>oOther</FromUserName>"),
        ("text", "<MsgType>event</MsgType>"),
        ("click", "<Event>unsubscribe</Event>"),
        ("subscribe", "<EventKey>qrscene_x</EventKey>"),
    ],
)
def test_a_tag_that_came_twice_is_never_half_believed(name: str, inside: str) -> None:
    from bot.errors import BadInput

    body = payload(name).replace("</xml>", f"{inside}</xml>")
    with pytest.raises(BadInput) as refused:
        channel().parse(post(body), "")
    assert refused.value.status == 400


def test_content_that_came_twice_is_no_words() -> None:
    body = payload("text").replace("</xml>", "<Content>再说一次</Content></xml>")
    assert channel().parse(post(body), "") == []
