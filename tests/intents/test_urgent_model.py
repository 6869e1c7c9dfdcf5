"""The model beside the rules: it adds doubts, takes nothing away, and may be missing."""

import shutil
from pathlib import Path

import pytest

from intents.normalize import normalize
from intents.safety import read_rows
from intents.urgent import Alarm, Doubt, UrgentError, load_red_flags
from intents.urgent_doubt import Answers, load_answers
from intents.urgent_model import learn, load_examples

CONTENT = Path(__file__).parents[2] / "intents" / "content"
BLIND = read_rows(Path(__file__).parent / "urgent_blind.jsonl")
FLAGS = load_red_flags(CONTENT)
ALONE = load_red_flags(CONTENT, model=False)


def test_the_blind_set_is_no_example() -> None:
    known = set()
    for lang in ("zh-CN", "en"):
        one = load_examples(CONTENT / lang / "urgent_examples.toml")
        known |= {normalize(text) for text in (*one.emergency, *one.crisis, *one.other)}
    assert len(known) >= 1_000
    assert not known & {normalize(row.text) for row in BLIND}


def test_the_model_takes_no_alarm_of_a_rule_away() -> None:
    for row in BLIND:
        rule = ALONE.check(row.text)
        if rule is not None:
            assert FLAGS.read(row.text) == rule


def test_without_a_model_the_rules_alarm_as_they_did(tmp_path: Path) -> None:
    for lang in ("zh-CN", "en"):
        (tmp_path / lang).mkdir()
        shutil.copy(CONTENT / lang / "urgent.toml", tmp_path / lang)
    bare = load_red_flags(tmp_path)
    assert bare.added is None
    assert bare.score("胸口疼") == 0
    assert isinstance(bare.check("孩子抽搐叫不醒了"), Alarm)
    assert bare.answers.read("是") is None


def test_the_blind_set_is_recognised_as_well_as_the_docs_say() -> None:
    for lang, at_least in (("zh", 0.93), ("en", 0.95)):
        ill = [row for row in BLIND if row.emergency and row.lang == lang]
        found = [FLAGS.read(row.text) for row in ill]
        assert sum(isinstance(one, Alarm) for one in found) / len(ill) >= at_least
    routine = [row for row in BLIND if not row.emergency and not row.hard]
    hard = [row for row in BLIND if row.hard]
    assert sum(FLAGS.check(row.text) is not None for row in routine) <= 0.01 * len(routine)
    assert sum(FLAGS.check(row.text) is not None for row in hard) <= 0.1 * len(hard)


def test_few_routine_messages_are_asked_about() -> None:
    routine = [row for row in BLIND if not row.emergency and not row.hard]
    asked = [row.text for row in routine if isinstance(FLAGS.read(row.text), Doubt)]
    assert len(asked) <= 0.05 * len(routine), asked


def test_learning_twice_gives_the_same_scores() -> None:
    ill, well = ["胸口压着疼 出冷汗", "not breathing"], ["停车多少钱", "book a visit"]
    one, two = learn(ill, well), learn(ill, well)
    for text in (*ill, *well, "别的话 something else"):
        assert one.score(text) == two.score(text)
    assert one.score(ill[0]) > one.score(well[0])


@pytest.mark.parametrize("text", ["", "7", "7am, 1pm", "😀😀", "a b c d"])
def test_too_little_to_go_on_raises_no_doubt(text: str) -> None:
    assert FLAGS.read(text) is None


def test_a_worst_window_decides_not_the_average() -> None:
    story = "想问问停车多少钱，怎么预约，几点上班，可以刷医保吗，"
    end = "老伴瘫坐地上喘气费劲手脚冰凉说胡话"
    assert FLAGS.score(story + end) > FLAGS.score(story) + 0.1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"alarm": "2.0"}, "alarm must be a number over 0"),
        ({"grey": "0.99", "alarm": "0.5"}, "grey must not be over alarm"),
        ({"other": "[]"}, "other must be a list of messages"),
        ({"extra": "1"}, "extra is not known"),
    ],
)
def test_examples_that_cannot_be_used_are_named(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    fields = {"alarm": "0.9", "grey": "0.8", "emergency": '["a"]', "crisis": '["b"]'}
    fields |= {"other": '["c"]', **change}
    path = tmp_path / "urgent_examples.toml"
    path.write_text("".join(f"{name} = {value}\n" for name, value in fields.items()), "utf-8")
    with pytest.raises(UrgentError, match=said):
        load_examples(path)


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("是的。", True), ("Yes!", True), ("还在疼", True), ("没有了", False), ("no", False),
        ("I'm fine now, just asking", None), ("有时候吧", None), ("", None), ("没有胸痛但是喘", None),
    ],
)  # fmt: skip
def test_only_a_whole_phrase_is_a_clear_answer(text: str, *, clear: bool | None) -> None:
    assert FLAGS.answers.read(text) is clear


def test_a_phrase_cannot_mean_both(tmp_path: Path) -> None:
    assert Answers().read("yes") is None
    (tmp_path / "en").mkdir()
    file = tmp_path / "en" / "urgent_doubt.toml"
    file.write_text('yes = ["ok"]\nno = ["OK"]\n', "utf-8")
    with pytest.raises(UrgentError, match="both a yes and a no"):
        load_answers(tmp_path)
    file.write_text('yes = ["ok"]\nmaybe = ["x"]\n', "utf-8")
    with pytest.raises(UrgentError, match="maybe is unknown"):
        load_answers(tmp_path)
