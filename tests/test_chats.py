"""Every transcript in `chats/`, played on the whole application, on both databases."""

import re
from pathlib import Path

import pytest

from bot.message import Button, Kind, Worded
from tests.helpers.chat import TranscriptMismatch, matches, play_file
from tests.helpers.transcript import TranscriptError, read
from tests.helpers.world import World

CHATS = sorted((Path(__file__).parent / "chats").glob("*.chat"))
HEAD = "@ Wed 2026-11-18 10:00, webchat, 小林\n"


@pytest.mark.parametrize("path", CHATS, ids=lambda path: path.stem)
async def test_a_conversation_goes_as_it_was_promised(path: Path, world: World) -> None:
    try:
        await play_file(path, world)
    except TranscriptMismatch as exc:
        pytest.fail(f"\n{exc}", pytrace=False)


def test_nurses_have_conversations_of_every_kind_to_review() -> None:
    texts = [path.read_text("utf-8") for path in CHATS]
    assert len(texts) >= 25
    for part in (
        ", text,",
        "webchat,",
        "Ms Carter",
        "赵大爷",
        "孙妈妈",
        "小林",
        "! 李护士",
        "! 陈主任",
    ):
        assert any(part in text for text in texts), part


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (HEAD + "hello\n", 2, "not a line of a transcript"),
        (HEAD + "> hello\n", 2, "nothing says what comes of it"),
        (HEAD + "< hello\n", 2, "nobody has said anything yet"),
        (HEAD + "> a\n(bot is silent)\n< b\n", 4, "cannot speak and be silent"),
        (HEAD + "> a\n< b\n(bot is silent: why)\n", 4, "cannot speak and be silent"),
        (HEAD + ">\n", 2, "nothing stands after >"),
        ("> a\n< b\n", 1, "who writes?"),
        ("@ Wed 2026-11-18 10:00\n> a\n< b\n", 2, "who writes?"),
        ("@ Mon 2026-11-18 10:00, 小林\n", 1, "is a Wed, not a Mon"),
        ("@ Wed 2026-11-18 25:00, 小林\n", 1, "is not a time of day"),
        ("@ Xyz 10:00, 小林\n", 1, "is not a day"),
        ("@ tomorrow, 小林\n", 1, "is no time, channel or patient"),
        ("@ 10:00, 小林, 孙妈妈\n", 1, "there is a patient already"),
        (HEAD + "! 李大夫 claims\n", 2, "who acts?"),
        (HEAD + "! 李护士 sleeps\n", 2, "'sleeps' is no action"),
        (HEAD + "! 李护士 says\n", 2, "'says' is no action"),
        (HEAD + "! 医院 sleeps: 3\n", 2, "'sleeps: 3' is nothing a hospital does"),
        (HEAD + "! 医院 stops: 李明远\n", 2, "is nothing a hospital does"),
        (HEAD + "! 医院 stops: 李明远, Friday\n", 2, "'Friday' is not a day"),
        (HEAD + "! 医院 calls: the next\n", 2, "'the next' is not a number in a line"),
        (HEAD + "! (time passes)\n", 2, "nothing says what comes of it"),
        (HEAD, 1, "nobody says anything"),
        ("# only a comment\n", 1, "nobody says anything"),
    ],
)
def test_a_transcript_that_cannot_be_read_says_where_and_why(
    text: str, line: int, sentence: str
) -> None:
    with pytest.raises(TranscriptError, match=rf"^my\.chat:{line}: .*{re.escape(sentence)}"):
        read(text, "my.chat")


SAID = Worded("您好，\n停车4元。", Kind.ANSWER, (Button("转人工", "#person"),))


@pytest.mark.parametrize(
    ("pattern", "right"),
    [
        ("您好， 停车4元。", True),
        ("…4元。", True),
        ("…", True),
        ("(answer) …4元。 [转人工]", True),
        ("…4元。 […]", True),
        ("(question) …4元。", False),
        ("…5元。", False),
        ("停车4元。", False),
        ("…4元。 [能问什么]", False),
    ],
)
def test_an_expected_line_stands_for_what_it_shows(pattern: str, right: bool) -> None:
    assert matches(pattern, SAID) is right


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("script", "shown"),
    [
        (
            "> 谢谢\n< …智能助手…\n< 不用谢\n",
            "t.chat:2: expected (-) and said (+)\n  > 谢谢\n  < …智能助手…\n- < 不用谢\n+ < (answer) 不",
        ),
        ("> 谢谢\n(bot is silent)\n", "- (bot is silent)\n+ < (notice) 您好"),
        ("> 谢谢\n< …\n< …\n< 还有\n", "- < 还有"),
        ("> [转人工]\n< …\n", "t.chat:2: no button [转人工] was shown"),
    ],
)
async def test_a_conversation_that_went_otherwise_shows_both(
    script: str, shown: str, world: World, tmp_path: Path, backend: str
) -> None:
    path = tmp_path / "t.chat"
    path.write_text(HEAD + script, "utf-8")
    with pytest.raises(TranscriptMismatch) as failed:
        await play_file(path, world)
    assert shown in str(failed.value), backend
