"""What the bot never says: found wherever it stands, and a warning against it is none."""

from pathlib import Path

import pytest

from intents.boundary import Boundary, BoundaryError, load_boundary

CONTENT = Path(__file__).parents[2] / "intents" / "content"


@pytest.fixture(scope="module")
def boundary() -> Boundary:
    return load_boundary(CONTENT)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("您得了肺炎。", "SC-01"),
        ("您这是典型的胃炎。", "SC-01"),
        ("可以排除心梗。", "SC-01"),
        ("恶性的可能性很大。", "SC-01"),
        ("有80%的可能是良性。", "SC-01"),
        ("大概率是感冒一类的病。", "SC-01"),
        ("您好。不用担心，没事的。", "SC-01"),
        ("问题不大，无需就医。", "SC-01"),
        ("您放心吧，不是癌症。", "SC-01"),
        ("每次吃两片，饭后服。", "SC-02"),
        ("阿莫西林一天吃3次。", "SC-02"),
        ("建议服用布洛芬这种药。", "SC-02"),
        ("血压正常了可以停药。", "SC-02"),
        ("漏服的下次加倍。", "SC-02"),
        ("这两种可以一起吃。", "SC-02"),
        ("先停用阿司匹林再来。", "SC-02"),
        ("智能助手稍后给您打电话。", "SC-06"),
        ("我是医生，您请说。", "SC-06"),
        ("您得了肺炎，请尽快就诊", "SC-01"),
        ("您患有高血壓。", "SC-01"),
        ("You have pneumonia.", "SC-01"),
        ("This sounds like a heart attack.", "SC-01"),
        ("It isn't cancer.", "SC-01"),
        ("There is a 90% chance that this passes.", "SC-01"),
        ("Don't worry, it's probably nothing.", "SC-01"),
        ("You'll be fine by Monday.", "SC-01"),
        ("Take 2 tablets every 6 hours.", "SC-02"),
        ("You can stop the aspirin now.", "SC-02"),
        ("It is safe to take them together.", "SC-02"),
        ("Just skip the dose tonight.", "SC-02"),
        ("Our AI will call you this afternoon.", "SC-06"),
        ("I'm a nurse, how can I help?", "SC-06"),
        ("YOU  HAVE\nＰｎｅｕｍｏｎｉａ. You have cancer.", "SC-01"),
    ],
)
def test_what_must_not_be_said_is_found(boundary: Boundary, text: str, scope: str) -> None:
    assert scope in {hit.scope for hit in boundary.check(text)}, boundary.check(text)


@pytest.mark.parametrize(
    "text",
    [
        "请不要自行停药或加量，先问开药医生或药师。",
        "不能判断您得了什么病，请医生面诊。",
        "漏服后切勿加倍，请联系药师。",
        "这是选科建议，不是诊断。",
        "检查前是否可以停药，由医生告诉您。",
        "您查的药：阿莫西林胶囊，0.25g×24粒，6.8元/盒。",
        "没有查到“你有肺炎，每次吃两片”。",
        "门诊每天 8:00-17:00，一天两班，每30分钟一位。",
        "Do not stop or double a medicine; ask your doctor or pharmacist.",
        "This is a suggestion of a department, not a diagnosis.",
        "Clinics run every 2 days; the car park takes 600 cars.",
        'I found no price for "you have cancer".',
        "A nurse will call you back in opening hours.",
    ],
)
def test_a_warning_and_what_is_quoted_may_be_said(boundary: Boundary, text: str) -> None:
    assert boundary.check(text) == []


def test_a_template_is_looked_at_in_every_branch(boundary: Boundary) -> None:
    template = "{% if a %}请到服务台。{% else %}{{ name }}可以停药。{% endif %}"
    assert [hit.rule for hit in boundary.check_source(template)] == ["change_medicine"]


def test_a_first_contact_says_what_this_is(boundary: Boundary) -> None:
    assert (
        boundary.missing_at_first("我是一个程序，不是医生；看不到您，也可能出错。", "zh-CN") == []
    )
    assert boundary.missing_at_first("Hello, I am a program.", "en") == [
        "not a doctor", "cannot see you", "may be wrong",
    ]  # fmt: skip


def test_every_rule_has_a_version_that_can_be_signed(boundary: Boundary) -> None:
    assert set(boundary.versions) == {"en", "zh-CN"}
    assert all(boundary.versions.values())


HEAD = 'version = "1"\nowner = "x"\nfirst_contact = []\n'
RULE = '[[rule]]\nid = "a"\nscope = "SC-01"\nsays = "s"\npatterns = ["x"]\nunless = []\n'


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (HEAD, "at least one"),
        (
            HEAD + RULE.replace('says = "s"\n', ""),
            "zh-CN/boundary.toml: rule a: `says` is missing.",
        ),
        (HEAD + RULE + 'colour = "red"\n', "zh-CN/boundary.toml: rule a: `colour` is not known."),
        (HEAD + RULE.replace('"x"', '"{nothing}"'), "rule a: '{nothing}' cannot be used"),
        (RULE, "`version` is missing"),
        ("[[", "cannot be read"),
    ],
)
def test_rules_that_cannot_be_used_are_named(tmp_path: Path, written: str, sentence: str) -> None:
    (tmp_path / "zh-CN").mkdir()
    (tmp_path / "zh-CN" / "boundary.toml").write_text(written, "utf-8")
    with pytest.raises(BoundaryError) as refused:
        load_boundary(tmp_path)
    assert any(sentence in problem for problem in refused.value.problems), refused.value.problems
