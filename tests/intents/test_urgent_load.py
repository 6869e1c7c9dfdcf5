"""The red-flag content: what is wrong with it is said at once, naming file, entry and field."""

from pathlib import Path

import pytest

from intents.urgent import UrgentError, load_red_flags
from intents.urgent_load import load_language

CONTENT = Path(__file__).parents[2] / "intents" / "content"
LANGUAGES = sorted(path.parent.name for path in CONTENT.glob("*/urgent.toml"))
KINDS = (
    '"chest_pain", "palpitations", "stroke", "headache", "bleeding", "breathing", "choking", '
    '"anaphylaxis", "poisoning", "suicide", "pregnancy", "infant", "seizure", "unconscious", '
    '"glucose", "abdomen", "testicular", "eye", "trauma", "burn", "hypertensive", '
    '"environmental", "limb", "other"'
)
GOOD = f"""
language = "en"
gap = 3
gap_stops = ["knee"]
breaks = ["but"]
worst_first = [{KINDS}]
close_spelling = ["breathe"]
right_spelling = ["breather"]

[spelling]
cheast = "chest"

[signs]
chest_pain = ["chest … (pain|hurt*)"]
numb = ["numb"]

[facts]
arm = ["(left|right|) arm"]

[numbers]
fast = "heart_rate >= 150"

[guards.denied]
why = "denied"
scope = "next"
reach = 2
list = true
words = ["no", "not"]
except = ["no idea"]

[[rule]]
id = "chest.arm"
kind = "chest_pain"
version = 2
note = "Chest pain and the arm."
needs = ["chest_pain"]
with = ["arm | fast"]

[[rule]]
id = "stroke.numb"
kind = "stroke"
version = 1
note = "Numb."
says = ["face is numb"]
needs = ["numb", "arm"]
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    folder = tmp_path / "en"
    folder.mkdir(exist_ok=True)
    (folder / "urgent.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UrgentError) as caught:
        load_red_flags(tmp_path)
    return list(caught.value.problems)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_group_of_the_content_is_left_unused(language: str) -> None:
    assert load_language(CONTENT / language / "urgent.toml").unused == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_a_rule(language: str) -> None:
    made = load_language(CONTENT / language / "urgent.toml")
    assert {rule.kind for rule in made.rules} == set(made.rank)


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "urgent.toml").write_text(GOOD, encoding="utf-8")
    flags = load_red_flags(tmp_path)
    alarm = flags.check("My cheast really hurts and so does my arm")
    assert alarm is not None
    assert (alarm.rule, alarm.version) == ("chest.arm", "2")
    assert flags.check("No chest pain, right arm is fine") is None
    assert flags.check("chest of the knee hurts, arm") is None
    assert flags.check("chest pain, pulse 160") is not None
    assert flags.check("my face is numb") is not None
    assert flags.check("no idea, chest pain in the arm") is not None


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ('kind = "stroke"', 'kind = "strokes"', "rule stroke.numb: kind is 'strokes'"),
        ("version = 2", "version = -1", "rule chest.arm: version must be a whole number"),
        ("version = 2", "", "rule chest.arm: version must be a whole number"),
        ('id = "chest.arm"', 'id = "Chest"', "id must be lower-case words joined by dots"),
        ('id = "chest.arm"', 'id = "stroke.numb"', "rule stroke.numb: id is used twice"),
        ('note = "Numb."', "", "rule stroke.numb: note must be a non-empty text"),
        ('["arm | fast"]', '["arm | slow"]', "with names 'slow', which is no sign, fact or number"),
        ('needs = ["chest_pain"]', "", "needs and says are both missing"),
        ('needs = ["chest_pain"]', "needs = 3", "needs must be a list of non-empty texts"),
        ('needs = ["chest_pain"]', 'need = ["chest_pain"]', "need is unknown"),
        ('with = ["arm | fast"]', 'despite = ["past"]', "despite names 'past', which is no guard"),
        ('with = ["arm | fast"]', 'within = "page"', "within is 'page', expected one of clause"),
        ('with = ["arm | fast"]', 'with_in = "page"', "with_in is 'page'"),
        ('"heart_rate >= 150"', '"pulse >= 150"', "numbers: fast must read like"),
        ('"heart_rate >= 150"', '"fast"', "numbers: fast must read like 'bp >= 180/110'"),
        ('scope = "next"', 'scope = "page"', "guards.denied: scope is 'page'"),
        ('why = "denied"', "", "guards.denied: why must be a non-empty text"),
        ("list = true", 'list = "yes"', "guards.denied: list must be true or false"),
        ("reach = 2", 'spares = ["strokes"]', "spares names 'strokes', which is no kind"),
        ("reach = 2", 'unless_in = "page"', "unless_in is 'page'"),
        ('"(left|right|) arm"', '"(left|right arm"', "facts: arm has an unpaired bracket"),
        ('"(left|right|) arm"', '"left) arm"', "facts: arm has an unpaired bracket"),
        ('"(left|right|) arm"', '"arm …"', "arm must begin and end with a word"),
        ('"(left|right|) arm"', '"(arm|)"', "arm must begin and end with a word"),
        ('"(left|right|) arm"', '"arm?"', "arm must not hold '?'"),
        ('"(left|right|) arm"', '"a*"', "arm has a stem too short to mean anything"),
        ('"(left|right|) arm"', '""', "facts: arm must be a list of non-empty texts"),
        ('arm = ["(left', 'numb = ["(left', "facts: numb is defined twice"),
        ("gap = 3", 'gap = "3"', "file: gap must be a whole number"),
        ("gap = 3", "gap = 3\nwidth = 4", "file: width is unknown"),
        ('language = "en"', "", "file: language must be a non-empty text"),
        ('"limb", "other"', '"limb"', "worst_first must name each kind once"),
        ('cheast = "chest"', "cheast = 3", "spelling: cheast must be given a text"),
        ("[spelling]", '[letters]\nab = "c"\n[spelling]', "letters: ab must be a single sign"),
        ("[numbers]", "[guards]\nwrong = 3\n[numbers]", "guards: wrong must be a table"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    assert wrong in GOOD
    found = problems(tmp_path, GOOD.replace(wrong, right, 1))
    assert any(said in one for one in found), found
    assert all("urgent.toml: " in one for one in found)


def test_tables_of_the_wrong_shape_are_named(tmp_path: Path) -> None:
    head = GOOD.partition("[spelling]")[0]
    found = problems(tmp_path, head + 'signs = 3\nrule = "x"\n')
    assert any("file: signs must be a table" in one for one in found)
    assert any("file: rule must be a list of [[rule]] tables" in one for one in found)


def test_all_faults_come_together(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace("version = 2", "").replace("Numb.", ""))
    assert len(found) == 2


def test_what_is_no_toml_is_named(tmp_path: Path) -> None:
    assert "cannot be read as TOML" in problems(tmp_path, "= 3")[0]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UrgentError, match=r"has no <language>/urgent\.toml"):
        load_red_flags(tmp_path)
