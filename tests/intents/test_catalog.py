"""The content is read whole, or refused with every reason at once."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from intents.catalog import CatalogError, act_key, load_catalog
from intents.entry_rules import ACTS

ZH_QUESTIONS = [
    "挂号费多少",
    "挂号要多少钱",
    "普通号价格",
    "专家号贵不贵",
    "看病先交几块",
    "挂个号啥价",
]
EN_QUESTIONS = ["registration fee", "cost to register", "how much is a visit", "expert price",
                "what do i pay first", "price of seeing a doctor"]  # fmt: skip


DISCREET = '[[group]]\nwhy = "w"\nsay = "x"\nwords = ["oncology"]\n'


def entry(variants: list[str], **changes: str | None) -> str:
    """One entry in TOML; a change is a field's TOML text, or None to leave it out."""
    fields: dict[str, str | None] = {
        "intent": '"fees.registration"',
        "title": '"挂号费"',
        "owner": '"收费处"',
        "review": "2027-05-31",
        "questions": str(variants),
        "answer": '"挂号费 {{ h.fee.registration_general | money }}。"',
    }
    lines = [f"{name} = {value}" for name, value in (fields | changes).items() if value is not None]
    return "\n".join(["[[entry]]", *lines, ""])


def phrases(lang: str, **changes: str | None) -> str:
    words: dict[str, str | None] = {act: f'["{lang} {act}"]' for act in sorted(ACTS)}
    return "\n".join(f"{act} = {value}" for act, value in (words | changes).items() if value)


SHIPPED = Path(__file__).parents[2] / "intents" / "content"
#: What is said to reminders, as we ship it.
REMINDING = {
    name: (SHIPPED / name).read_text("utf-8")
    for name in ("zones.toml", "zh-CN/reminders.toml", "en/reminders.toml")
}


def requests(lang: str) -> str:
    shipped = Path(__file__).parents[2] / "intents" / "content" / lang / "requests.toml"
    return shipped.read_text("utf-8")


@pytest.fixture
def content(tmp_path: Path) -> Callable[..., Path]:
    """Write a sound folder of content, but for the files that are given."""

    def write(**files: str | bytes) -> Path:
        sound: dict[str, str | bytes] = {
            "zh-CN/faq/fees.toml": entry(ZH_QUESTIONS),
            "en/faq/fees.toml": entry(EN_QUESTIONS),
            "zh-CN/phrases.toml": phrases("zh", person='["人工", "转人工！"]'),
            "en/phrases.toml": phrases("en"),
            "zh-CN/discreet.toml": DISCREET,
            "en/discreet.toml": DISCREET,
            "zh-CN/requests.toml": requests("zh-CN"),
            "en/requests.toml": requests("en"),
            **REMINDING,
        }
        for name, text in (sound | files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return write


def problems(folder: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load_catalog(folder)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_sound_content_is_read_whole(content: Callable[..., Path]) -> None:
    catalog = load_catalog(content())
    assert catalog.languages == ("en", "zh-CN")
    assert catalog.intents == ("fees.registration",)
    found = catalog.entry("fees.registration", "zh-CN")
    assert found.questions == tuple(ZH_QUESTIONS)
    assert (found.desk, found.then, found.facts) == ("general", "answer", None)
    assert found.where == "zh-CN/faq/fees.toml"
    assert ("fees.registration", "registration fee") in catalog.examples()


def test_a_matcher_learns_all_questions_and_titles_once(content: Callable[..., Path]) -> None:
    titled = entry(EN_QUESTIONS, title='"Expert price"')
    examples = load_catalog(content(**{"en/faq/fees.toml": titled})).examples()
    assert {question for _, question in examples} == {*ZH_QUESTIONS, *EN_QUESTIONS, "挂号费"}
    assert len(examples) == 13


def test_acts_are_whole_messages_in_any_spelling(content: Callable[..., Path]) -> None:
    catalog = load_catalog(content())
    assert catalog.acts("zh-CN")[act_key("轉人工")] == "person"
    assert act_key("人工") not in catalog.acts("en")
    assert catalog.acts("fr") == {}
    assert catalog.all_acts()["en stop"] == "stop"
    assert catalog.act("你好，转人工！！") == "person"
    assert catalog.act("EN Stop.") == "stop"
    assert catalog.act("人工智能是什么") is None


def test_an_entry_is_stale_from_the_day_after_its_review(content: Callable[..., Path]) -> None:
    catalog = load_catalog(content())
    assert catalog.stale(dt.date(2027, 5, 31)) == []
    assert len(catalog.stale(dt.date(2027, 6, 1))) == 2


def test_the_version_tells_contents_apart(content: Callable[..., Path]) -> None:
    first = load_catalog(content()).version
    assert load_catalog(content()).version == first
    changed = content(**{"en/faq/fees.toml": entry([*EN_QUESTIONS, "doctor price"])})
    assert load_catalog(changed).version != first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"owner": None}, "no field `owner`", id="missing field"),
        pytest.param({"color": '"red"'}, "unknown field `color`", id="unknown field"),
        pytest.param({"title": "3"}, "`title` must be a text", id="not a text"),
        pytest.param(
            {"title": '"一二三四五六七八九十一二三四五六七"'}, "`title` has 17", id="title"
        ),
        pytest.param({"intent": '"Fees"'}, "`intent` must be a lower-case dotted", id="intent"),
        pytest.param({"intent": '" "'}, "`intent` must be a text", id="blank intent"),
        pytest.param({"desk": '"cellar"'}, "`desk` must be one of", id="desk"),
        pytest.param({"then": '"sing"'}, "`then` must be one of", id="then"),
        pytest.param({"then": "[1]"}, "`then` must be one of", id="a list for a choice"),
        pytest.param({"facts": '"weather"'}, "`facts` must be one of", id="facts"),
        pytest.param({"review": '"2027-05-31"'}, "`review` must be a date", id="quoted date"),
        pytest.param(
            {"review": "2027-05-31T08:00:00"}, "`review` must be a date", id="date and time"
        ),
        pytest.param({"questions": '["挂号"]'}, "has 1 variants", id="few questions"),
        pytest.param({"questions": '"挂号"'}, "`questions` must be a list", id="no list"),
        pytest.param(
            {"questions": '["", "a", "b", "c", "d", "e"]'}, "`questions` must be", id="blank"
        ),
        pytest.param({"answer": '"**加粗**"'}, "plain text", id="markdown"),
        pytest.param({"answer": '"<b>粗</b>"'}, "plain text", id="html"),
        pytest.param({"answer": '"好的😀"'}, "plain text", id="emoji"),
        pytest.param({"answer": "7"}, "`answer` must be a text", id="answer"),
    ],
)
def test_a_broken_field_is_named(
    content: Callable[..., Path], changes: dict[str, str | None], said: str
) -> None:
    found = problems(content(**{"zh-CN/faq/fees.toml": entry(ZH_QUESTIONS, **changes)}))
    assert any(said in one for one in found)
    assert all(one.startswith("zh-CN/faq/fees.toml: entry 1") for one in found)


def test_a_repeated_variant_is_named(content: Callable[..., Path]) -> None:
    twice = entry([*ZH_QUESTIONS, "挂號費多少"])
    found = problems(content(**{"zh-CN/faq/fees.toml": twice}))
    assert found == [
        'zh-CN/faq/fees.toml: entry 1 (fees.registration): `questions` holds "挂號費多少" twice.'
    ]


def test_entries_may_not_share_a_variant(content: Callable[..., Path]) -> None:
    other = [f"{one}吗" for one in ZH_QUESTIONS[1:]] + ["请问挂号费多少呀"]
    both = entry(ZH_QUESTIONS) + entry(other, intent='"fees.other"')
    english = entry(EN_QUESTIONS) + entry(
        [f"{one} tomorrow" for one in EN_QUESTIONS], intent='"fees.other"'
    )
    folder = content(**{"zh-CN/faq/fees.toml": both, "en/faq/fees.toml": english})
    [found] = problems(folder)
    assert "entry fees.other" in found
    assert '"请问挂号费多少呀"' in found
    assert "entry fees.registration" in found


def test_an_entry_missing_in_a_language_is_named_there(content: Callable[..., Path]) -> None:
    both = entry(ZH_QUESTIONS) + entry([f"{one}吗" for one in ZH_QUESTIONS], intent='"fees.other"')
    assert problems(content(**{"zh-CN/faq/fees.toml": both})) == [
        "zh-CN/faq/fees.toml: entry fees.other is there in zh-CN but has no counterpart in en."
    ]


def test_an_entry_given_twice_is_named(content: Callable[..., Path]) -> None:
    again = content(**{"zh-CN/faq/more.toml": entry([f"{one}吗" for one in ZH_QUESTIONS])})
    assert problems(again) == [
        "zh-CN/faq/more.toml: entry fees.registration is already in zh-CN/faq/fees.toml."
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        pytest.param(
            "en/faq/fees.toml", "[[entry]]\nintent = ", "line 2 is not valid TOML", id="toml"
        ),
        pytest.param(
            "en/faq/fees.toml", "[[entry]]\nanswer = '''a", "line 2 is not valid", id="open end"
        ),
        pytest.param("en/faq/fees.toml", b"a = 1\n\xff", "line 2 is not UTF-8", id="encoding"),
        pytest.param("en/faq/fees.toml", "entry = 1", "[[entry]] tables only", id="no tables"),
        pytest.param("en/faq/fees.toml", "entry = [1]", "must be a table", id="no table"),
        pytest.param("en/phrases.toml", "hum = ['a']", "`hum` is not an act", id="unknown act"),
        pytest.param(
            "en/phrases.toml", "yes = ['a']", "the act `stop` is missing", id="missing act"
        ),
        pytest.param(
            "en/phrases.toml", phrases("en", yes='"a"'), "`yes` must be a list", id="no list"
        ),
        pytest.param("en/phrases.toml", phrases("en", yes='["?"]'), "without a word", id="no word"),
        pytest.param("en/phrases.toml", phrases("en", yes='["en no"]'), "of both", id="two acts"),
        pytest.param("en/phrases.toml", phrases("en", yes='["人工"]'), "in", id="two languages"),
    ],
)
def test_a_broken_file_is_named(
    content: Callable[..., Path], name: str, text: str | bytes, said: str
) -> None:
    found = problems(content(**{name: text}))
    assert any(said in one and one.startswith((name, "zh-CN/phrases.toml")) for one in found)
    assert not any("no counterpart in en" in one for one in found)


def test_missing_files_and_folders_are_named(content: Callable[..., Path], tmp_path: Path) -> None:
    folder = content()
    (folder / "en/phrases.toml").unlink()
    (folder / "en/faq/fees.toml").unlink()
    said = "\n".join(problems(folder))
    assert "en/phrases.toml: the file is missing" in said
    assert "en/faq: no TOML file" in said
    assert "no language folder" in problems(tmp_path / "nowhere")[0]
    assert "no language folder" in problems(folder / "en/faq")[0]


def test_all_problems_are_told_at_once(content: Callable[..., Path]) -> None:
    broken = entry(ZH_QUESTIONS, owner=None, review='"soon"', desk='"cellar"')
    folder = content(**{"zh-CN/faq/fees.toml": broken, "en/phrases.toml": "x ="})
    assert len(problems(folder)) == 4


def test_words_of_requests_that_cannot_be_used_are_named(content: Callable[..., Path]) -> None:
    folder = content(**{"en/requests.toml": "[hold]\nwhole = ['x']\n"})
    with pytest.raises(CatalogError) as raised:
        load_catalog(folder)
    assert any(p.startswith("en/requests.toml: `hold` is no kind") for p in raised.value.problems)
