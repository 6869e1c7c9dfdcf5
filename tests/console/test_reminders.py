"""What staff see of reminders: counts, the list, why somebody did not get one, the rules."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.app import App
from bot.console.plan_forms import asked
from bot.console.reminders import OUTCOMES
from bot.console.told import FORMS
from bot.console.words import load_words
from scheduler.reminders import Reason
from tests.conftest import Clock
from tests.console.conftest import Browser, text_of
from tests.console.reminding import (
    Ledger,
    add_decision,
    add_message,
    add_plan,
    add_receipt,
    add_reminder,
)
from tests.helpers.booking import add_patient

Audited = Callable[[], Awaitable[list[tuple[str, str, int | None]]]]
HOUR = timedelta(hours=1)
TASK_WHY = (
    "unanswered", "unreachable", "window_over", "too_late", "worse", "nobody", "refill",
)  # fmt: skip


@pytest.fixture
def ledger(app: App, clock: Clock) -> Ledger:
    return Ledger(app.engine, clock())


async def test_what_is_due_is_counted_by_hour_and_channel(
    ledger: Ledger, li: Browser, private: int
) -> None:
    now = ledger.now
    await ledger.add(add_reminder, now + HOUR / 2, conversation_id=private)
    await ledger.add(add_reminder, now + HOUR / 2, kind="dose")
    await ledger.add(add_reminder, now + 3 * HOUR, conversation_id=private)
    await ledger.add(add_reminder, now + 30 * HOUR, conversation_id=private)
    shown = text_of(await li.get("/console/reminders"))
    assert "今后24小时要发的 3" in shown
    assert "10:00 2 1 1" in shown
    assert "13:00 1 – 1" in shown
    assert "没有积压" in shown
    assert "就诊前一天 2" in shown


async def test_a_backlog_says_how_old_it_is(ledger: Ledger, li: Browser) -> None:
    await ledger.add(add_reminder, ledger.now - 2 * HOUR)
    await ledger.add(add_reminder, ledger.now - HOUR)
    shown = text_of(await li.get("/console/reminders?lang=en"))
    assert "2 are due and not dealt with yet; the oldest has waited 2 h 0 min" in shown


async def test_a_day_is_told_by_kind_channel_and_reason(
    ledger: Ledger, li: Browser, private: int
) -> None:
    now, more = ledger.now, {"conversation_id": private, "decided_at": ledger.now - HOUR}
    message = await ledger.add(add_message, private, now - HOUR)
    await ledger.add(add_reminder, now - HOUR, state="sent", outbox_id=message, **more)
    await ledger.add(add_reminder, now - HOUR, state="skipped", reason="moved", **more)
    await ledger.add(add_reminder, now - HOUR, state="skipped", reason="moved", **more)
    waits = await ledger.add(add_reminder, now + 9 * HOUR, kind="refill", conversation_id=private)
    await ledger.add(add_decision, waits, now - HOUR, "over_budget")
    shown = text_of(await li.get("/console/reminders"))
    assert "就诊前一天 1 2 – – –" in shown
    assert "续方 – – 1 – –" in shown
    assert "网页 1 2 1 – –" in shown
    assert "没有发 事情改了时间，旧的提醒不再发 2" in shown
    assert "推迟 这位患者今天或本周的消息已够多 1" in shown
    yesterday = (now - timedelta(days=1)).date()
    assert "这一天没有处理过提醒" in text_of(await li.get(f"/console/reminders?day={yesterday}"))


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        pytest.param("state=pending", ["refill", "visit_day_before"], id="what waits"),
        pytest.param("state=pending&kind=refill", ["refill"], id="one kind"),
        pytest.param("state=sent", ["dose"], id="what went"),
        pytest.param("state=sent&channel=webchat", ["dose"], id="where it went"),
        pytest.param("state=sent&channel=sms", [], id="where nothing went"),
        pytest.param("state=skipped", ["checkup", "fee"], id="what did not go"),
        pytest.param("state=skipped&reason=dead", ["fee"], id="for one reason"),
        pytest.param("state=deferred", ["refill"], id="what was put off"),
        pytest.param("state=deferred&reason=moved", [], id="put off for another reason"),
    ],
)
async def test_the_list_shows_what_was_asked_for(
    ledger: Ledger, li: Browser, private: int, asked: str, seen: list[str]
) -> None:
    now, at = ledger.now, {"decided_at": ledger.now - HOUR}
    await ledger.add(add_reminder, now + HOUR)
    waits = await ledger.add(add_reminder, now + HOUR / 2, kind="refill")
    await ledger.add(add_decision, waits, now - HOUR, "paused")
    await ledger.add(
        add_reminder, now - HOUR, kind="dose", state="sent", conversation_id=private, **at
    )
    await ledger.add(add_reminder, now - HOUR, kind="fee", state="skipped", reason="dead", **at)
    await ledger.add(add_reminder, now - HOUR, kind="checkup", state="skipped", reason="done", **at)
    page = await li.get(f"/console/reminders?{asked}&lang=en")
    rows = text_of(page).partition("One by one")[2].partition(" Show ")[2]
    names = {
        "refill": "refill", "visit_day_before": "visit, 1 day before", "dose": "dose",
        "checkup": "yearly check-up", "fee": "fee due",
    }  # fmt: skip
    found = sorted(kind for kind, name in names.items() if f"{name} " in rows)
    assert found == sorted(seen)


async def test_the_list_masks_names_links_to_the_visit_and_is_audited(
    ledger: Ledger, li: Browser, audited: Audited
) -> None:
    patient_id = await ledger.add(add_patient, "欧阳小暖", ledger.now)
    await ledger.add(add_reminder, ledger.now + HOUR, patient_id=patient_id, about_id=77)
    page = await li.get("/console/reminders")
    assert "欧***" in page.text
    assert "欧阳" not in page.text
    assert 'href="/console/visits/77"' in page.text
    assert ("staff:nurse.li", "reminders.view", None) in await audited()


async def test_a_long_list_goes_on_where_it_ended(ledger: Ledger, li: Browser) -> None:
    for number in range(53):
        at = ledger.now - timedelta(minutes=number // 2)
        await ledger.add(add_reminder, at, about_id=1000 + number, state="skipped", reason="done",
                         decided_at=at)  # fmt: skip
    first = await li.get("/console/reminders?state=skipped")
    more = first.text.partition('<p><a class="button" href="')[2].partition('"')[0]
    second = await li.get(more.replace("&amp;", "&"))
    shown = [
        {n for n in range(1000, 1053) if f'"/console/visits/{n}"' in page.text}
        for page in (first, second)
    ]
    assert [len(one) for one in shown] == [50, 3]
    assert shown[0].isdisjoint(shown[1])


@pytest.mark.parametrize(
    "query",
    ["day=nonsense", "day=0001-01-01", "day=9999-12-31", "state=all", "after=2026-01-01T00:00"],
)
async def test_what_cannot_be_asked_is_no_page(li: Browser, query: str) -> None:
    assert (await li.get(f"/console/reminders?{query}")).status_code == 404


async def test_the_conversation_says_why_she_did_not_get_it(
    ledger: Ledger, li: Browser, waiting: int, audited: Audited
) -> None:
    now = ledger.now
    plan = await ledger.add(add_plan, now, conversation_id=waiting)
    of = {"about": "plan", "about_id": plan, "kind": "revisit_close", "conversation_id": waiting}
    put_off = await ledger.add(
        add_reminder, now - HOUR, state="skipped", reason="unreachable", decided_at=now, **of
    )
    await ledger.add(add_decision, put_off, now - HOUR, "held")
    message = await ledger.add(
        add_message, waiting, now - HOUR, state="failed", error="blocked", way="approved template"
    )
    instead = await ledger.add(add_message, waiting, now, origin_id=message, progress="delivered")
    await ledger.add(add_receipt, instead, now, "delivered")
    await ledger.add(
        add_reminder, now - 2 * HOUR, state="sent", outbox_id=message, decided_at=now - HOUR, **of
    )
    await ledger.add(
        add_reminder, now - 9 * HOUR, state="sent", decided_at=now, answer="done", answered_at=now,
        **of,
    )  # fmt: skip
    shown = text_of(await li.open(waiting)).partition("提醒记录")[2]
    for said in (
        "没有发：所有联系方式都送不到",
        "推迟：工作人员正在和患者沟通",
        "没有送到 · 平台审核过的模板 · blocked",
        "改由 网页 · 已发出 · 手机已收到",
        "没有记录到回答",
        "患者回答：已经办好了",
    ):
        assert said in shown
    assert ("staff:nurse.li", "reminders.view", waiting) in await audited()


async def test_somebody_elses_reminders_are_not_on_her_page(
    ledger: Ledger, li: Browser, waiting: int
) -> None:
    plan = await ledger.add(add_plan, ledger.now)
    await ledger.add(add_reminder, ledger.now, about="plan", about_id=plan, kind="checkup")
    assert "年度体检" not in text_of(await li.open(waiting))


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_the_rules_can_be_read(li: Browser, app: App, lang: str) -> None:
    page = await li.get(f"/console/reminders/kinds?lang={lang}")
    shown = text_of(page)
    said = {
        "zh-CN": ("就诊前1天，最晚19:00", "住院时也发", "2天后列入待打电话", "1小时后发“服药再提醒”"),
        "en": ("1 day before the visit, not later than 19:00", "to who is in hospital, too",
               "after 2 days it goes on the list of calls", "after 1 hour: dose, one nudge"),
    }[lang]  # fmt: skip
    for sentence in said:
        assert sentence in shown
    assert page.text.count("<h2") == len(app.reminding.kinds.kinds) + 1


async def test_every_kind_shows_what_it_says_in_both_languages(li: Browser) -> None:
    """Whoever lets a text mention something new gives an example of it in `console.samples`."""
    page = await li.get("/console/reminders/kinds")
    assert "没有可示范的内容" not in page.text
    assert "该吃药了（张**）" in text_of(page)


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_no_word_of_ours_is_missing(app: App, lang: str) -> None:
    kinds = list(app.reminding.kinds.kinds.values())
    tags = {tag for kind in kinds for tag in (kind.only, kind.then_only) if tag}
    named = {
        "because_of": [reason.value for reason in Reason],
        "outcome": OUTCOMES,
        "task": TASK_WHY,
        "plan_kind": app.reminding.care.plans.kinds,
        "tag": tags,
        "moment": [f"{kind.about}.{kind.of}" for kind in kinds if not kind.follows],
        "field": {one.name for shape in FORMS.values() for one in asked(shape)},
    }
    words = load_words(app.settings.templates / "console" / "words")[lang]
    missing = [
        f"{group}.{key}"
        for group, keys in named.items()
        for key in keys
        if words.name_of(f"{group}.{key}".rpartition(".")[0], key.rpartition(".")[2]) == key
    ]
    assert missing == []
