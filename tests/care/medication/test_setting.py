"""A plan by one sentence: said back, agreed to, then planned; what is not sure is never set (I6)."""

from datetime import UTC, date, datetime

from bot.message import Kind
from tests.care.medication.conftest import Pharmacy


def names(step: object) -> list[str]:
    return [say.name for say in step.says]  # type: ignore[attr-defined]


async def test_one_sentence_is_said_back_and_set_by_a_yes(pharmacy: Pharmacy) -> None:
    step = await pharmacy.says("start", "提醒我每天早8点晚8点吃药")
    assert names(step) == ["medication/confirm"]
    assert not await pharmacy.mine()
    assert names(await pharmacy.taps(1)) == ["medication/set"]
    (plan,) = await pharmacy.mine()
    assert plan.details["times"] == ["08:00", "20:00"]
    (due,) = await pharmacy.waiting()
    assert due.occurs_at == datetime(2026, 11, 16, 12, tzinfo=UTC)


async def test_it_is_hers_by_name_only_where_her_account_is_proven(pharmacy: Pharmacy) -> None:
    assert (await pharmacy.sets("提醒我每天早8点吃药")).patient_id == pharmacy.patient_id
    assert (await pharmacy.sets("提醒我妈每天早9点吃药")).patient_id is None


async def test_a_yes_in_words_is_enough_and_a_no_sets_nothing(pharmacy: Pharmacy) -> None:
    await pharmacy.says("start", "提醒我每天早8点吃药")
    assert names(await pharmacy.says("decided", "不用了", act="no")) == ["medication/dropped"]
    assert not await pharmacy.mine()
    await pharmacy.says("start", "提醒我每天早8点吃药")
    assert names(await pharmacy.says("decided", "好的", act="yes")) == ["medication/set"]
    assert len(await pharmacy.mine()) == 1


async def test_hours_she_did_not_say_are_proposed_as_such(pharmacy: Pharmacy) -> None:
    step = await pharmacy.says("start", "每天三次饭后吃阿莫西林,吃7天")
    assert step.says[0].kind is Kind.QUESTION
    told = step.says[0].values
    assert told["guessed"] is True
    assert (told["hours"], told["food"], told["lasting"]) == ("08:00、12:00、18:00", "饭后", 7)
    assert told["ends_on"] == date(2026, 11, 22)


async def test_a_course_begins_tomorrow_where_the_hours_of_today_are_over(
    pharmacy: Pharmacy,
) -> None:
    plan = await pharmacy.sets("提醒我每天早上8点吃药,吃5天")
    assert (plan.starts_on, plan.ends_on) == (date(2026, 11, 17), date(2026, 11, 21))


async def test_missing_hours_are_asked_for_with_some_to_tap(pharmacy: Pharmacy) -> None:
    assert names(await pharmacy.says("start", "提醒我吃药")) == ["medication/which_hours"]
    assert names(await pharmacy.taps(2)) == ["medication/confirm"]
    await pharmacy.taps(1)
    assert (await pharmacy.mine())[0].details["times"] == ["08:00", "18:00"]


async def test_what_is_no_hour_is_asked_for_again_and_then_let_go(pharmacy: Pharmacy) -> None:
    await pharmacy.says("start", "提醒我吃阿莫西林")
    assert names(await pharmacy.says("hours", "随便")) == ["medication/which_hours"]
    assert names(await pharmacy.says("hours", "不知道")) == ["medication/which_hours"]
    assert names(await pharmacy.says("hours", "嗯嗯")) == ["medication/dropped"]
    assert not await pharmacy.mine()


async def test_other_hours_instead_of_a_yes_are_said_back_again(pharmacy: Pharmacy) -> None:
    await pharmacy.says("start", "每天三次饭后吃阿莫西林")
    step = await pharmacy.says("decided", "早上7点 下午1点 晚上7点")
    assert step.says[0].values["hours"] == "07:00、13:00、19:00"
    assert step.says[0].values["medicine"] == "阿莫西林"
    await pharmacy.taps(1)
    assert (await pharmacy.mine())[0].details["times"] == ["07:00", "13:00", "19:00"]


async def test_when_needed_is_never_scheduled(pharmacy: Pharmacy) -> None:
    assert names(await pharmacy.says("start", "疼的时候吃止痛药,提醒我")) == ["medication/prn"]
    assert not await pharmacy.mine()
    assert not await pharmacy.waiting()


async def test_several_medicines_and_what_no_rule_says_are_not_guessed_at(
    pharmacy: Pharmacy,
) -> None:
    both = "每天早上八点半提醒我吃降压药晚上九点提醒我吃降脂药"
    assert names(await pharmacy.says("start", both)) == ["medication/one_at_a_time"]
    assert names(await pharmacy.says("start", "提醒我每月一次打针")) == ["medication/beyond"]


async def test_days_of_the_week_are_asked_for(pharmacy: Pharmacy) -> None:
    assert names(await pharmacy.says("start", "一周两次提醒我吃药")) == ["medication/which_days"]
    step = await pharmacy.says("hours", "周一、周四早上8点")
    assert step.says[0].values["days"] == "每周一、周四"
    await pharmacy.taps(1)
    assert (await pharmacy.mine())[0].details["weekdays"] == [0, 3]


async def test_no_more_than_so_many_a_day(pharmacy: Pharmacy) -> None:
    await pharmacy.sets("提醒我每天早6点、9点、12点、18点、21点吃药")
    step = await pharmacy.says("start", "提醒我每天早7点、10点、14点、20点吃药")
    assert names(step) == ["medication/too_many"]
    assert len(await pharmacy.mine()) == 1
    assert names(await pharmacy.says("hours", "早6点和晚9点")) == ["medication/confirm"]


async def test_hers_are_listed_changed_paused_and_stopped(pharmacy: Pharmacy) -> None:
    plan = await pharmacy.sets("提醒我每天早8点晚8点吃药")
    assert names(await pharmacy.says("mine")) == ["medication/one"]
    assert names(await pharmacy.taps(1)) == ["medication/other_hours"]
    assert names(await pharmacy.says("hours", "早上9点")) == ["medication/confirm"]
    assert names(await pharmacy.taps(1)) == ["medication/set"]
    (changed,) = await pharmacy.mine()
    assert (changed.plan_id, changed.details["times"]) == (plan.plan_id, ["09:00"])
    (due,) = await pharmacy.waiting()
    assert due.occurs_at == datetime(2026, 11, 17, 1, tzinfo=UTC)

    await pharmacy.says("mine")
    assert names(await pharmacy.taps(2)) == ["medication/paused"]
    assert (await pharmacy.mine())[0].is_paused(pharmacy.now)
    (due,) = await pharmacy.waiting()
    assert due.due_at >= datetime(2026, 11, 22, 16, tzinfo=UTC)
    await pharmacy.says("resume", choice=plan.plan_id)
    assert not (await pharmacy.mine())[0].is_paused(pharmacy.now)

    await pharmacy.says("mine")
    assert names(await pharmacy.taps(3)) == ["medication/stop"]
    assert await pharmacy.mine()
    assert names(await pharmacy.taps(1)) == ["medication/stopped"]
    assert not await pharmacy.mine()
    assert not await pharmacy.waiting()


async def test_anything_but_a_yes_keeps_a_reminder(pharmacy: Pharmacy) -> None:
    plan = await pharmacy.sets("提醒我每天早8点吃药")
    await pharmacy.says("stop", choice=plan.plan_id)
    assert names(await pharmacy.says("stop_said", "我再想想")) == ["medication/kept"]
    assert await pharmacy.mine()


async def test_nobody_elses_plan_is_shown_or_changed(pharmacy: Pharmacy) -> None:
    plan = await pharmacy.sets("提醒我每天早8点吃药")
    pharmacy.family.known.clear()
    pharmacy.conversation_id += 1
    for entry in ("one", "change", "pause", "resume", "stop", "stop_yes"):
        assert names(await pharmacy.says(entry, choice=plan.plan_id)) == ["medication/not_hers"]
    assert names(await pharmacy.says("mine")) == ["medication/none"]
