"""The rules of this repository, kept by tests and not by memory."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bot.__main__ import app as command_line

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "intents", "scheduler", "bench")
PEERS_OWN = {".venv", "node_modules"}  # what others wrote, installed under tests/peers
CODE = sorted(
    path
    for name in (*PACKAGES, "tests")
    for path in (ROOT / name).rglob("*.py")
    if not PEERS_OWN & set(path.parts)
)
CONTENT = ROOT / "intents" / "content"
LONGEST = 400


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_imports_point_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout[-3_000:]


def test_no_file_is_longer_than_anyone_reads() -> None:
    long = {str(path.relative_to(ROOT)): len(lines(path)) for path in CODE}
    assert {name: count for name, count in long.items() if count > LONGEST} == {}


def test_no_drawer_for_everything() -> None:
    drawers = {"utils.py", "helpers.py", "common.py", "misc.py", "util.py"}
    assert [str(path) for path in CODE if path.name in drawers] == []


def test_every_module_and_class_says_what_it_is_for() -> None:
    silent = []
    for path in CODE:
        if not path.is_relative_to(ROOT / "tests"):
            tree = ast.parse(path.read_text("utf-8"))
            nodes: list[ast.Module | ast.ClassDef] = [tree]
            nodes += [node for node in tree.body if isinstance(node, ast.ClassDef)]
            silent += [
                f"{path.relative_to(ROOT)}: {getattr(node, 'name', 'module')}"
                for node in nodes
                if not ast.get_docstring(node) and not getattr(node, "name", "x").startswith("_")
            ]
    assert silent == []


def test_only_the_composition_root_reads_a_clock() -> None:
    clocks = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)\(")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in CODE
        if path.is_relative_to(ROOT / "bot") or path.is_relative_to(ROOT / "scheduler")
        for number, line in enumerate(lines(path), 1)
        if clocks.search(line)
    ]
    assert [place for place in found if not place.startswith("bot/app.py:")] == []


def entries(lang: str) -> dict[str, Path]:
    return {
        entry["intent"]: path
        for path in sorted((CONTENT / lang / "faq").glob("*.toml"))
        for entry in tomllib.loads(path.read_text("utf-8"))["entry"]
    }


def test_every_answer_is_there_in_both_languages_in_the_same_file() -> None:
    zh, en = entries("zh-CN"), entries("en")
    assert set(zh) == set(en)
    assert {i for i in zh if zh[i].name != en[i].name} == set()
    assert len(zh) > 100


def test_every_reply_is_there_in_both_languages() -> None:
    folder = ROOT / "templates" / "replies"
    names = {
        lang: {str(path.relative_to(folder / lang)) for path in (folder / lang).rglob("*.j2")}
        for lang in ("zh-CN", "en")
    }
    assert names["zh-CN"] == names["en"]


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda p: p.name
)
def test_a_lock_file_pins_by_hash_and_names_no_host(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert not re.search(r"https?://|--index-url|--find-links|--extra-index|\bfile:|@ git", text)
    pinned = re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==\S+", text, re.MULTILINE | re.IGNORECASE)
    assert len(pinned) > 30
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    assert [b.split()[0] for b in blocks if "==" in b and "--hash=sha256:" not in b] == []


def test_nothing_names_a_machine_or_a_person() -> None:
    here = "|".join(re.escape(f"{folder}/") for folder in (ROOT, Path.home()))
    private = re.compile(rf"{here}|/home/[a-z]|C:\\\\Users|localhost:\d{{4}}/|@gmail\.com")
    texts = [
        path
        for pattern in ("*.md", "docs/**/*.md", "*.toml", "scripts/*", ".ci/*", "bot/**/*.py",
                        "intents/**/*.toml", "templates/**/*.j2", "config.toml")
        for path in ROOT.glob(pattern)
        if path.is_file()
    ]  # fmt: skip
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts
        for number, line in enumerate(lines(path), 1)
        if private.search(line)
    ]
    assert found == []


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    children = getattr(group, "commands", None)
    if not children:
        yield path
        return
    for name, child in children.items():
        yield from commands(child, (*path, name))


EVERY_COMMAND = sorted(commands(typer.main.get_command(command_line)))


def test_the_documentation_names_every_command() -> None:
    """Where there is documentation at all: an operator finds each command in it."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    text = " ".join(" ".join(path.read_text("utf-8").split()) for path in pages)
    missing = [
        " ".join(command) for command in EVERY_COMMAND if f"daoyi {' '.join(command)}" not in text
    ]
    assert missing == []


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_every_command_and_option_is_explained(command: tuple[str, ...]) -> None:
    found: Any = typer.main.get_command(command_line)
    for name in command:
        found = found.commands[name]
    assert found.help
    for parameter in found.params:
        assert getattr(parameter, "help", None), f"{parameter.name} of {' '.join(command)}"


def test_settings_say_a_sentence_for_every_key() -> None:
    text = (ROOT / "config.toml").read_text("utf-8")
    for line in text.splitlines():
        if re.match(r"[a-z_]+ = ", line) and not re.match(r"(mon|tue|wed|thu|fri|sat|sun) =", line):
            assert "#" in line, line
