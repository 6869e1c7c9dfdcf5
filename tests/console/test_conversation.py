"""Looking at a conversation: who may, what it shows, and that every look is on record."""

from collections.abc import Awaitable, Callable

from sqlmodel import select

from bot.app import App
from bot.console.access import GLASS_FOR
from bot.store.db import Tx
from bot.store.tables import Audit
from bot.store.urgent_tables import RedFlag
from tests.conftest import Clock
from tests.console.conftest import CHEST_PAIN, Browser, hidden, text_of
from tests.helpers.world import ChatPage

Audited = Callable[[], Awaitable[list[tuple[str, str, int | None]]]]
PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</textarea><script>alert(1)</script>",
    "' autofocus onfocus='alert(1)",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt;\u202egnp.exe",
)


async def test_both_sides_are_shown_in_order_with_who_and_when(li: Browser, waiting: int) -> None:
    page = text_of(await li.open(waiting))
    places = [page.index(word) for word in ("停车多少钱", "停车", "人工", "转给工作人员")]
    assert places[0] < places[3]
    assert "10:00" in page, "the hospital's time"
    assert "等待接手" in page


async def test_every_look_at_a_conversation_or_a_card_is_audited(
    li: Browser, waiting: int, audited: Audited
) -> None:
    who = "staff:nurse.li"
    await li.open(waiting)
    assert (await audited())[-1] == (who, "conversation.view", waiting)
    await li.do("card", waiting, name="欧阳小暖", phone="", document="", health_note="")
    await li.open(waiting)
    assert (await audited())[-3:] == [
        (who, "card.write", waiting),
        (who, "conversation.view", waiting),
        (who, "card.view", waiting),
    ]
    await li.get(f"/console/conversations/{waiting}/log")
    assert (await audited())[-1] == (who, "conversation.view", waiting)


async def test_asking_for_news_that_is_not_there_is_no_look(
    li: Browser, waiting: int, patient: ChatPage, audited: Audited
) -> None:
    page = (await li.open(waiting)).text
    state = page.partition('id="talk"')[2].partition('data-state="')[2].partition('"')[0]
    before = await audited()
    news = f"/console/conversations/{waiting}/log?after={state}"
    assert (await li.get(news)).status_code == 204
    assert await audited() == before
    await patient.post("还在等")
    fresh = await li.get(news)
    assert "还在等" in text_of(fresh)
    assert "<html" not in fresh.text
    assert len(await audited()) == len(before) + 1


async def test_a_conversation_in_nobodys_queue_asks_for_a_reason(
    li: Browser, private: int, audited: Audited
) -> None:
    refused = await li.open(private)
    assert refused.status_code == 403
    assert "停车" not in refused.text
    assert f"/console/conversations/{private}/break-glass" in refused.text
    assert "conversation.view" not in [action for _, action, _ in await audited()]
    opened = await li.do("break-glass", private, reason="核实昨天的投诉")
    assert opened.status_code == 303
    assert "停车多少钱" in text_of(await li.open(private))
    assert [row[1:] for row in await audited()][-2:] == [
        ("conversation.break_glass", private),
        ("conversation.view", private),
    ]


async def test_a_reason_is_for_one_person_one_conversation_and_half_an_hour(
    li: Browser, wang: Browser, private: int, clock: Clock
) -> None:
    await li.do("break-glass", private, reason="核实昨天的投诉")
    assert (await li.open(private)).status_code == 200
    assert (await wang.open(private)).status_code == 403
    clock.now += GLASS_FOR / 2
    assert (await li.open(private)).status_code == 200
    clock.now += GLASS_FOR / 2
    assert (await li.open(private)).status_code == 403


async def test_a_reason_says_something_and_names_nobody(li: Browser, private: int) -> None:
    for reason, status in (
        ("", 422),
        ("看看", 422),
        ("回电 138 1234 5678", 422),
        ("x" * 161, 422),
        ("<script>alert(1)</script>", 303),
    ):
        answer = await li.do("break-glass", private, reason=reason)
        assert answer.status_code == status, reason[:20]


async def test_supervisors_see_who_opened_what_and_why(
    li: Browser, browse: Callable[[], Browser], private: int
) -> None:
    await li.do("break-glass", private, reason="核实<b>投诉</b>")
    chief = browse()
    await chief.sign_in("chen")
    page = await chief.get("/console")
    assert "核实<b>投诉</b>" in text_of(page) or "核实&lt;b&gt;" in page.text
    assert "<b>投诉" not in page.text
    assert "核实" not in (await li.get("/console")).text


async def test_nothing_can_be_done_to_a_conversation_one_may_not_open(
    li: Browser, private: int
) -> None:
    fields = {"text": "您好", "note": "", "flag": "1", "name": "欧阳小暖"}
    for action in ("reply", "give-back", "take-over", "acknowledge", "card"):
        assert (await li.do(action, private, **fields)).status_code == 403, action
    assert (await li.get(f"/console/conversations/{private}/log")).status_code == 403


async def test_an_alarm_is_acknowledged_by_a_person_and_only_what_was_seen(
    app: App, li: Browser, flagged: int, patient: ChatPage, audited: Audited
) -> None:
    page = await li.open(flagged)
    assert "P0" in page.text
    await patient.post(CHEST_PAIN)
    answered = await li.do("acknowledge", flagged, flag=hidden(page, "flag"))
    assert answered.status_code == 303

    def flags(tx: Tx) -> list[tuple[bool, int | None]]:
        with tx.session() as session:
            found = session.exec(select(RedFlag).order_by(RedFlag.id)).all()  # type: ignore[arg-type]
            return [(flag.acknowledged_at is not None, flag.staff_id) for flag in found]

    first, second = await app.engine.read(flags)
    assert first[0]
    assert first[1] is not None
    assert second == (False, None)
    assert ("staff:nurse.li", "red_flag.acknowledge", flagged) in await audited()
    assert "紧急红旗 1" in text_of(await li.get("/console"))
    page = await li.open(flagged)
    await li.do("acknowledge", flagged, flag=hidden(page, "flag"))
    assert "紧急红旗" not in text_of(await li.get("/console"))
    assert "李护士" in text_of(await li.open(flagged)), "it says who acknowledged"


async def test_the_card_is_kept_shown_and_never_silently_overwritten(
    li: Browser, wang: Browser, waiting: int
) -> None:
    card = {"name": "欧阳小暖", "phone": "13812345678", "document": "11010519491231002X"}
    seen_by_wang = hidden(await wang.open(waiting), "version")
    mine = hidden(await li.open(waiting), "version")
    saved = await li.do("card", waiting, version=mine, **card, health_note="青霉素过敏")
    assert saved.status_code == 303
    page = await li.open(waiting)
    assert all(f'value="{value}"' in page.text for value in card.values())
    assert "青霉素过敏" in page.text
    assert "欧***" in text_of(page)
    late = await wang.do("card", waiting, version=seen_by_wang, name="小明")
    assert (late.status_code, "同事改过" in text_of(late)) == (409, True)
    long = await li.do("card", waiting, version=hidden(page, "version"), name="x" * 61)
    assert long.status_code == 422


async def test_what_the_audit_keeps_names_fields_and_no_words(
    app: App, li: Browser, waiting: int
) -> None:
    await li.open(waiting)
    await li.do("card", waiting, name="欧阳小暖", phone="13812345678", health_note="过敏")

    def details(tx: Tx) -> str:
        with tx.session() as session:
            return repr(session.exec(select(Audit.detail)).all())

    kept = await app.engine.read(details)
    assert "name" in kept
    assert not any(word in kept for word in ("欧阳", "138", "过敏"))


async def test_hostile_words_are_words_wherever_they_stand(
    li: Browser, waiting: int, patient: ChatPage
) -> None:
    for payload in PAYLOADS:
        await patient.post(payload)
    await li.claim(waiting)
    await li.open(waiting)
    for payload in PAYLOADS:
        assert (await li.do("reply", waiting, text=payload)).status_code == 303
        version = hidden(await li.open(waiting), "version")
        fields = {"name": payload, "phone": payload[:30], "document": payload[:40]}
        await li.do("card", waiting, version=version, **fields, health_note=payload)
        page = (await li.open(waiting)).text
        assert page.count("<script") == 1, payload
        for tag in ("<img", "<svg", "<b>", "</textarea><script", "onfocus='"):
            assert tag not in page, payload
        if "{{" in payload:
            assert "{{ 7*7 }}" in page
    await li.do("give-back", waiting, note=PAYLOADS[0])
    await patient.news()
    await patient.post("人工")
    assert PAYLOADS[0] not in (await li.open(waiting)).text


async def test_no_address_carries_a_patients_words(li: Browser, waiting: int) -> None:
    await li.claim(waiting)
    await li.open(waiting)
    for action, fields in (
        ("reply", {"text": "欧阳小暖您好"}),
        ("card", {"name": "欧阳小暖"}),
        ("give-back", {"note": "欧阳小暖"}),
    ):
        answer = await li.do(action, waiting, **fields)
        assert answer.headers["location"].partition("#")[0] in (
            f"/console/conversations/{waiting}",
            "/console",
        )
