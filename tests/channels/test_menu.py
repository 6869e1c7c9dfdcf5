"""The menu beside a conversation: what staff may write there, and that the assistant knows all of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import Content
from bot.channels.base import MenuItem
from bot.channels.menu import load_menu
from bot.errors import StartError
from tests.helpers.house import House
from tests.helpers.world import PATIENTS, World

ENTRY = '{ label = "停车", value = "停车多少钱", command = "parking" }'
OTHER = '{ label = "人工", value = "人工", command = "person" }'

#: What is wrong: the file, and what the problem must name.
WRONG: dict[str, tuple[str, str]] = {
    "not TOML": ("[[group", "zh-CN/menu.toml: is not valid TOML"),
    "nothing": ("", "zh-CN/menu.toml: the file must hold [[group]] tables only"),
    "something else": ("[menu]", "zh-CN/menu.toml: the file must hold [[group]] tables only"),
    "four groups": ('[[group]]\nlabel = "甲"\nitems = []\n' * 4, "has 4 groups (expected 1 to 3)"),
    "six entries": (
        f'[[group]]\nlabel = "甲"\nitems = [{", ".join([ENTRY] * 6)}]',
        "zh-CN/menu.toml: group 1: has 6 items (expected 1 to 5)",
    ),
    "an empty group": ('[[group]]\nlabel = "甲"\nitems = []', "group 1: has 0 items"),
    "a long group": (
        f'[[group]]\nlabel = "五个汉字啊"\nitems = [{ENTRY}]',
        "group 1: `label` must be 1 to 4 Chinese characters, or 8 letters",
    ),
    "a long entry": (
        f'[[group]]\nlabel = "甲"\nitems = [{ENTRY.replace("停车", "九个汉字实在太长了", 1)}]',
        "group 1: item 1: `label` must be 1 to 8 Chinese characters, or 16 letters",
    ),
    "an unknown value": (
        f'[[group]]\nlabel = "甲"\nitems = [{ENTRY.replace("停车多少钱", "天气如何")}]',
        "group 1: item 1: `value` must be what the assistant knows",
    ),
    "no value": (
        '[[group]]\nlabel = "甲"\nitems = [{ label = "停车", command = "parking" }]',
        "group 1: item 1: must hold `label`, `value` and `command`, no more",
    ),
    "a command with capitals": (
        f'[[group]]\nlabel = "甲"\nitems = [{ENTRY.replace("parking", "Parking")}]',
        "group 1: item 1: `command` must be 1 to 32 of a-z, 0-9 and _",
    ),
    "a command twice": (
        f'[[group]]\nlabel = "甲"\nitems = [{OTHER}, {OTHER}]',
        "group 1: item 2: `command` person names another entry too",
    ),
    "a number as label": (
        '[[group]]\nlabel = 7\nvalue = "人工"\ncommand = "person"',
        "group 1: `label` must be",
    ),
}


def known(text: str) -> bool:
    return text in ("停车多少钱", "人工")


def written(folder: Path, text: str) -> Path:
    (folder / "zh-CN").mkdir()
    (folder / "zh-CN" / "menu.toml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_menu_names_file_entry_and_field(case: str, tmp_path: Path) -> None:
    text, problem = WRONG[case]
    with pytest.raises(StartError) as refused:
        load_menu(written(tmp_path, text), ["zh-CN"], known)
    assert problem in str(refused.value)


def test_a_group_may_be_an_entry_itself(tmp_path: Path) -> None:
    text = f'[[group]]\nlabel = "来院"\nitems = [{ENTRY}]\n[[group]]\n' + OTHER[2:-2].replace(
        ", ", "\n"
    )
    assert load_menu(written(tmp_path, text), ["zh-CN", "en"], known) == {
        "zh-CN": (
            MenuItem("来院", items=(MenuItem("停车", "停车多少钱", "parking"),)),
            MenuItem("人工", "人工", "person"),
        )
    }


def entries(content: Content, lang: str) -> list[MenuItem]:
    return [entry for group in content.menu[lang] for entry in (group.items or (group,))]


def test_every_language_has_the_same_commands(content: Content) -> None:
    commands = {lang: [entry.command for entry in entries(content, lang)] for lang in content.menu}
    assert set(commands) == set(content.catalog.languages)
    assert len({tuple(names) for names in commands.values()}) == 1


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_everything_on_the_menu_is_answered(
    lang: str, content: Content, house: House, world: World
) -> None:
    """Nothing a patient can tap is a miss; each entry is tapped by a patient of its own."""
    for number, entry in enumerate(entries(content, lang)):
        patient = replace(PATIENTS["小林"], name=f"{lang}{number}")
        said = await world.says(patient, "text", entry.value)
        assert len(said) > 1, "the welcome and an answer"
        sorry = house.app.wording.text("faq/miss", lang, {})
        assert all(sorry not in worded.text for worded in said), entry.value
