"""What patients send that has no words: voices, pictures, places, and who follows or leaves."""

from collections.abc import Sequence

import pytest

from bot.message import Address, Form
from bot.messages import history
from bot.store.db import Tx
from tests.helpers.ward import Ward
from tests.web.conftest import ALARM


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        pytest.param(Form.VOICE, "", "听不了", id="a voice: please type"),
        pytest.param(Form.VOICE, "停车多少钱", "4元", id="a voice that was written down is a text"),
        pytest.param(Form.IMAGE, "", "看不了", id="a picture: nobody here looks at it"),
        pytest.param(Form.VIDEO, "", "看不了", id="a film too"),
        pytest.param(Form.FILE, "", "看不了", id="a file too"),
        pytest.param(Form.IMAGE, "停车多少钱", "看不了", id="a caption is answered, the picture is not"),
        pytest.param(Form.STICKER, "", "您可以直接办", id="a sticker: the menu"),
        pytest.param(Form.LOCATION, "", "路线", id="a place: how to come here"),
        pytest.param(Form.LINK, "", "读不了", id="a link: in words, please"),
        pytest.param(Form.CONTACT, "", "读不了", id="a contact: in words, please"),
        pytest.param(Form.OTHER, "", "读不了", id="anything else: in words, please"),
        pytest.param(Form.FOLLOWED, "", "要看病请说", id="a new follower is greeted"),
    ],
)  # fmt: skip
async def test_what_each_form_is_answered(form: Form, text: str, said: str, ward: Ward) -> None:
    answer = await ward.waiting_phone.says(text, form)
    (whole,) = answer.json()
    assert said in whole
    assert whole.startswith("您好，我是"), "whoever writes first is told who answers"
    assert "失败" not in whole


@pytest.mark.parametrize("form", [Form.IMAGE, Form.VOICE, Form.VIDEO])
async def test_red_flags_in_captions_and_voices_are_seen(form: Form, ward: Ward) -> None:
    (whole,) = (await ward.waiting_phone.says(ALARM, form)).json()
    assert whole.startswith("请立即拨打")


async def test_somebody_who_cannot_type_gets_a_person(ward: Ward) -> None:
    phone = ward.waiting_phone
    said = [(await phone.says("", Form.VOICE)).json()[0] for _ in range(3)]
    assert "听不了" in said[0]
    assert "请工作人员来帮您" in said[1]
    assert "转给工作人员" in said[2]


async def test_words_in_between_begin_the_count_anew(ward: Ward) -> None:
    phone = ward.waiting_phone
    await phone.says("", Form.IMAGE)
    await phone.says("停车多少钱")
    assert "看不了" in (await phone.says("", Form.IMAGE)).text


async def test_a_new_follower_is_welcomed_once(ward: Ward) -> None:
    phone = ward.waiting_phone
    assert "智能助手" in (await phone.says("", Form.FOLLOWED)).text
    assert "智能助手" not in (await phone.says("", Form.FOLLOWED)).text


async def test_who_left_is_not_answered_until_she_is_back(ward: Ward) -> None:
    phone = ward.waiting_phone
    left = await phone.says("", Form.LEFT)
    assert (left.status_code, left.json()) == (200, [])
    assert (await phone.says("", Form.LEFT, key="m1")).json() == []
    assert (await ward.counts(), await ward.outgoing()) == ({"handled": 1}, {})
    assert "4元" in (await phone.says("停车多少钱")).text


async def test_a_person_sees_what_form_a_message_had(ward: Ward) -> None:
    phone = ward.waiting_phone
    for form, text in ((Form.IMAGE, ""), (Form.IMAGE, "这是我的单子"), (Form.LEFT, "")):
        await phone.says(text, form)

    def read(tx: Tx) -> Sequence[tuple[str, str]]:
        conversation = history.conversation_of(tx, Address("passive", "main", phone.user))
        assert conversation is not None
        lines = history.lines(tx, conversation)
        return [(line.kind, line.text) for line in lines if line.who == "patient"]

    assert await ward.app.engine.read(read) == [
        ("image", ""), ("image", "这是我的单子"), ("left", ""),
    ]  # fmt: skip
