"""What a text message must not carry (PR-06): found, replaced, refused; an emergency never touched."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import Content
from bot.appointments.options import BookingOptions
from bot.channels.base import Limits
from bot.console.desk import Problem
from bot.dialogue.wording import Wording
from bot.hospital.live import LiveHospital
from bot.hospital.model import Hospital, SymptomDepartment
from bot.message import Button, Kind, Say
from intents.discreet import Discreet, Group, groups_from
from intents.entities import Entities, find
from intents.normalize import normalize
from tests.dialogue.test_templates import REPLIES
from tests.helpers.world import PATIENTS, STAFF, World

TODAY = date(2026, 11, 18)
SMS, PAGE = Limits(private=False), Limits(buttons=8)
LANGUAGES = ("zh-CN", "en")
#: Written here, apart from the lists that are tested: what nobody may read over a shoulder.
NEVER = (
    "肿瘤", "癌", "感染性疾病", "感染科", "肝病", "精神心理科", "精神科", "心理科", "乙肝",
    "梅毒", "艾滋", "HIV", "结核", "抑郁", "不孕",
    "人流", "癫痫", "糖尿病", "确诊", "阳性", "阴性", "肛肠", "血液内科",
    "Oncology", "cancer", "Infectious Disease", "Mental Health", "Psychiatry", "hepatitis",
    "syphilis", "tuberculosis",
    "depression", "diabetes", "epilepsy", "diagnosed", "tested positive",
)  # fmt: skip


@pytest.fixture(scope="module")
def wording(content: Content) -> Wording:
    return Wording(REPLIES, content.catalog)


@pytest.fixture(scope="module")
def live(demonstration: Hospital) -> LiveHospital:
    return LiveHospital(demonstration, 0, BookingOptions())


def seen_in(text: str) -> list[str]:
    """Return what a person looking over a shoulder reads; "hives" is not HIV."""
    plain = text.lower().replace("hives", "")
    return [word for word in NEVER if word.lower() in plain]


def facts(live: LiveHospital, lang: str) -> dict[str, Any]:
    return {"h": live.info(lang), "today": TODAY}


def named(lang: str, hospital: Hospital) -> Iterator[tuple[str, str]]:
    """Every question that names something of the hospital: (intent, name)."""
    for intent, rows in (
        ("department.which", hospital.symptoms),
        ("department.where", hospital.departments),
        ("doctor.by_department", hospital.departments),
        ("doctor.info", hospital.doctors),
        ("fees.test_price", hospital.tests),
        ("fees.drug_price", hospital.drugs),
        ("checkup.packages", hospital.packages),
    ):
        for row in rows:
            own = row.symptom if isinstance(row, SymptomDepartment) else row.name
            english = row.symptom_en if isinstance(row, SymptomDepartment) else row.name_en
            yield intent, (english if lang == "en" else own) or own


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_approved_answer_reveals_anything_in_a_text_message(
    wording: Wording, content: Content, live: LiveHospital, lang: str
) -> None:
    for intent in content.catalog.intents:
        look_up = content.catalog.entry(intent, lang).facts
        found = live.find(look_up, lang, TODAY, Entities()) if look_up else {}
        said = wording.word(Say(f"faq:{intent}", values=found), lang, SMS, facts(live, lang))
        assert wording.reveals(said.text) == [], (intent, said.text)
        assert seen_in(said.text) == [], intent


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_answer_about_a_symptom_a_department_or_a_test_reveals_anything(
    wording: Wording, content: Content, live: LiveHospital, demonstration: Hospital, lang: str
) -> None:
    vocabulary, softened = live.vocabulary(), 0
    for intent, name in named(lang, demonstration):
        entities = find(normalize(name), vocabulary, TODAY, misspelt=False)
        look_up = content.catalog.entry(intent, lang).facts
        assert look_up is not None
        say = Say(f"faq:{intent}", values=live.find(look_up, lang, TODAY, entities))
        said = wording.word(say, lang, SMS, facts(live, lang)).text
        assert wording.reveals(said) == [], (intent, name, said)
        assert seen_in(said) == [], (intent, name)
        in_private = wording.word(say, lang, PAGE, facts(live, lang)).text
        if wording.reveals(in_private):
            softened += 1
            assert said.count("0799-555-0100") == 1, "where to hear the rest is said once"
        else:
            assert said == in_private, "what reveals nothing is said as it is"
    assert softened > 50


@pytest.mark.parametrize(
    ("text", "lang", "said"),
    [
        ("乙肝：感染性疾病科", "zh-CN", "这类情况：相关科室"),
        ("腫瘤科在五樓", "zh-CN", "相关科室在五楼"),
        ("肿 瘤 科", "zh-CN", "相关科室"),
        ("擅长肺癌、胃癌和乳腺癌", "zh-CN", "擅长这类情况"),
        ("ＨＩＶ抗体：50元", "zh-CN", "这项检查:50元"),
        ("慢性病长期用药", "zh-CN", "慢性病长期用药"),
        ("诊断为肺癌，请来院。明天见", "zh-CN", "医生的意见请当面了解。明天见"),
        ("膝盖疼：骨科", "zh-CN", "膝盖疼：骨科"),
        ("Hepatitis B: Infectious Diseases", "en", "this condition: the department concerned"),
        ("hearing aids and AIDS", "en", "hearing aids and this condition"),
        ("Diabetes clinic, 3F", "en", "the department concerned, 3F"),
        ("a TB blood test costs 10", "en", "a this test costs 10"),
        ("Your test result is 12.3 mmol/L. Come in.", "en",
         "please ask the doctor about the result. Come in."),
        ("standard, distribution, piled", "en", "standard, distribution, piled"),
    ],
)  # fmt: skip
def test_what_reveals_is_said_neutrally(content: Content, text: str, lang: str, said: str) -> None:
    assert content.catalog.discreet.soften(text, lang) == said


@given(
    parts=st.lists(
        st.sampled_from((*NEVER, "您好", " ", "。", "在五楼", "clinic", "s", "科", "aids", "\n")),
        max_size=12,
    ),
    lang=st.sampled_from((*LANGUAGES, "fr")),
)
def test_nothing_is_left_however_words_stand_together(
    content: Content, parts: list[str], lang: str
) -> None:
    discreet = content.catalog.discreet
    soft = discreet.soften("".join(parts), lang)
    assert soft is None or discreet.reveals(soft) == []


def test_options_are_softened_and_still_mean_the_same(wording: Wording, live: LiveHospital) -> None:
    options = (Button("糖尿病日常注意", "intent:a.b"), Button("肿瘤科在哪", "intent:c.d"))
    say = Say("faq/candidates", Kind.QUESTION, options=options)
    known = facts(live, "zh-CN")
    typed = wording.word(say, "zh-CN", SMS, known).text.splitlines()
    assert typed[-3:] == ["1 血糖问题日常注意", "2 相关科室在哪", "0 转人工 9 再说一遍"]
    tapped = wording.word(say, "zh-CN", Limits(buttons=5, private=False), known, ask=3)
    assert [button.value for button in tapped.buttons] == ["#3.1", "#3.2"]


def test_an_emergency_is_never_softened(wording: Wording, live: LiveHospital) -> None:
    say = Say("faq/repeat", Kind.EMERGENCY, {"said": "拨打120，心理科、HIV、阳性"})
    assert (
        wording.word(say, "zh-CN", SMS, facts(live, "zh-CN")).text == "拨打120，心理科、HIV、阳性"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", list(Kind))
def test_the_neutral_text_says_nothing_but_where_to_look(
    wording: Wording, live: LiveHospital, lang: str, kind: Kind
) -> None:
    said = wording.neutral(lang, kind, {"h": live.info(lang)})
    assert said.kind is kind
    assert "0799-555-0100" in said.text
    assert wording.reveals(said.text) == []
    assert len(said.text) <= (70 if lang == "zh-CN" else 160), "one part"


@pytest.mark.parametrize(
    "words", ["您的乙肝检查阳性", "請到腫瘤科", "Please come to ＯＮＣＯＬＯＧＹ", "确 诊"]
)
async def test_staff_cannot_send_by_accident_what_reveals(world: World, words: str) -> None:
    patient, nurse = PATIENTS["赵大爷"], STAFF["李护士"]
    await world.says(patient, "text", "人工")
    await world.claims(nurse, patient, "text")
    await world.hears(patient, "text")
    with pytest.raises(Problem) as refused:
        await world.replies(nurse, patient, "text", words)
    assert (refused.value.key, refused.value.status) == ("reveals", 422)
    assert refused.value.values["word"]
    assert await world.hears(patient, "text") == []
    await world.replies(nurse, patient, "text", "请明天上午来一趟，我们当面说。")
    assert [said.kind for said in await world.hears(patient, "text")] == [Kind.STAFF]


def test_a_refusal_names_our_word_and_never_the_writer_s(content: Content) -> None:
    found = content.catalog.discreet.reveals("请 张三 去 肿　瘤　科 查ＨＩＶ")
    assert found == ["肿瘤科", "hiv"]


GROUP = {"why": "w", "say": "x", "words": ["abc"]}


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({}, "must hold"),
        ({"group": []}, "must hold"),
        ({"group": [GROUP], "more": 1}, "must hold"),
        ({"group": ["a"]}, "group 1 must be a table"),
        ({"group": [{**GROUP, "say": ""}]}, "group 1: `say` must be a text"),
        ({"group": [{**GROUP, "words": []}]}, "group 1: `words` must be a list"),
        ({"group": [{**GROUP, "words": [" "]}]}, "group 1: `words` must be a list"),
        ({"group": [{**GROUP, "hum": 1}]}, "group 1 has an unknown field `hum`"),
        ({"group": [{**GROUP, "to_the_end": "yes"}]}, "`to_the_end` must be true or false"),
        ({"group": [{**GROUP, "say": "an ABC"}]}, '`say` "an ABC" reveals "abc" itself'),
        ({"group": [GROUP], "keep": "abc"}, "`keep` must be a list"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(tables: dict[str, Any], sentence: str) -> None:
    _, wrong = groups_from(tables, "en/discreet.toml")
    assert any(sentence in one and one.startswith("en/discreet.toml") for one in wrong), wrong


def test_what_cannot_be_softened_is_not_said_at_all() -> None:
    looping = Discreet({"en": [Group("w", "bc", ("a",)), Group("w", "a", ("bc",))]})
    assert looping.soften("a", "en") is None
