"""What staff see of a person's other addresses, and how they choose the one that is tried first."""

from collections.abc import Awaitable, Callable

import pytest

from bot.app import App
from bot.message import Address
from bot.messages import inbox
from bot.patients import addresses, binding, codes
from bot.patients.codes import Carrier
from bot.store.db import Tx
from tests.conftest import Clock
from tests.console.conftest import Browser, text_of

PHONE = "+8613800138000"
Audited = Callable[[], Awaitable[list[tuple[str, str, int | None]]]]


@pytest.fixture
async def phone(app: App, waiting: int, clock: Clock) -> int:
    """The waiting conversation's person proved a phone; return the phone's conversation."""

    def op(tx: Tx) -> int:
        return binding.link(tx, waiting, PHONE, Carrier("sms", "main"), clock()).phone_conversation

    return await app.engine.write(op)


async def test_staff_see_that_nobody_proved_who_writes(li: Browser, waiting: int) -> None:
    page = text_of(await li.open(waiting))
    assert "未核实" in page
    assert "说到个人信息前，请先核对身份" in page
    assert "没有其他渠道" in page


async def test_other_addresses_are_listed_masked_and_linked(
    li: Browser, waiting: int, phone: int
) -> None:
    response = await li.open(waiting)
    page = text_of(response)
    assert "已核实身份 10:00" in page
    assert "请先核对身份" not in page
    assert "短信 +86*******8000" in " ".join(page.split())
    assert f'href="/console/conversations/{phone}"' in response.text


@pytest.mark.usefixtures("phone")
async def test_an_address_of_a_card_that_nobody_proved_says_so(
    app: App, li: Browser, waiting: int, clock: Clock
) -> None:
    def op(tx: Tx) -> None:
        binding.unlink(tx, waiting, clock())

    await app.engine.write(op)
    page = text_of(await li.open(waiting))
    assert "未核实" in page
    assert "8000" not in page, "an ended link shows nothing of the person"


async def test_what_cannot_be_reached_is_said(
    app: App, li: Browser, waiting: int, phone: int, clock: Clock
) -> None:
    from bot.messages import windows
    from bot.patients import service

    def op(tx: Tx) -> None:
        windows.unreachable(tx, phone, clock())
        service.opt_out(tx, phone, clock())

    await app.engine.write(op)
    page = text_of(await li.open(waiting))
    assert "暂时送不到" in page
    assert page.count("已退订主动消息") == 1


@pytest.mark.usefixtures("phone")
async def test_staff_choose_what_is_tried_first(
    app: App, li: Browser, waiting: int, audited: Audited
) -> None:
    card = {"name": "欧阳", "phone": PHONE, "document": "", "health_note": ""}
    done = await li.do("card", waiting, **card, prefer="sms")
    assert done.status_code == 303
    known = await app.engine.read(lambda tx: addresses.proven(tx, waiting))
    assert known is not None
    assert known.order == ("sms",)
    assert ("staff:nurse.li", "person.prefer", waiting) in await audited()
    page = await li.open(waiting)
    assert "优先" in text_of(page)
    assert '<option value="sms" selected>' in page.text
    await li.do("card", waiting, **card)
    assert (await app.engine.read(lambda tx: addresses.believed(tx, waiting))) is not None
    kept = await app.engine.read(lambda tx: addresses.proven(tx, waiting))
    assert kept is not None
    assert kept.order == ("sms",), "a form without the choice changes nothing"
    await li.do("card", waiting, **card, prefer="")
    ended = await app.engine.read(lambda tx: addresses.proven(tx, waiting))
    assert ended is not None
    assert ended.order == ()


@pytest.mark.parametrize("channel", ["fax", "wechat", "sms sms", "<b>"])
@pytest.mark.usefixtures("phone")
async def test_only_a_proven_address_can_be_first(li: Browser, waiting: int, channel: str) -> None:
    card = {"name": "", "phone": PHONE, "document": "", "health_note": ""}
    refused = await li.do("card", waiting, **card, prefer=channel)
    assert refused.status_code == 422
    assert "没有核实过的联系方式" in text_of(refused)


async def test_the_link_to_another_address_still_asks_for_a_reason(li: Browser, phone: int) -> None:
    assert (await li.open(phone)).status_code == 403


@pytest.mark.usefixtures("phone")
async def test_an_address_that_is_no_phone_shows_its_end_only(
    app: App, li: Browser, waiting: int, clock: Clock
) -> None:
    where = Address("wechat", "main", "oABCDEFGHIJKLMNOPQRSTUV4321")

    def op(tx: Tx) -> None:
        chat = inbox.conversation_at(tx, where, clock())
        binding.link(tx, chat, PHONE, Carrier("sms", "main"), clock())

    await app.engine.write(op)
    page = (await li.open(waiting)).text
    assert "…4321" in page
    assert where.user not in page


async def test_a_code_is_not_shown_to_staff(
    app: App, li: Browser, waiting: int, phone: int, clock: Clock
) -> None:
    seen: list[str] = []

    def word(code: str) -> str:
        seen.append(code)
        return f"验证码 {code}"

    def op(tx: Tx) -> None:
        codes.send(tx, waiting, PHONE, Carrier("sms", "main"), word, clock())

    await app.engine.write(op)
    await li.do("break-glass", phone, reason="核实绑定")
    page = text_of(await li.open(phone))
    assert "验证码 ******" in page
    assert seen[0] not in page
