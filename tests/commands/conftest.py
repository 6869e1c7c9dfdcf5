"""A hospital small enough to start in a second, and the command line as an operator types it."""

import gc
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from bot.__main__ import app

ROOT = Path(__file__).parents[2]
_PATIENCE = 90

ENTRY = """[[entry]]
intent = "{intent}"
title = "{title}"
owner = "服务台"
review = 2099-12-31
questions = [{questions}]
answer = \"\"\"{answer}\"\"\"
"""
ENTRIES = {
    "zh-CN": [
        (
            "visit.parking",
            "停车多少钱",
            "停车多少钱|停车怎么收费|停车费贵吗|车停一小时几块|停车收费标准|停一天车多少钱",
            "停车每小时{{ h.fee.parking_hour | money }}。",
        ),
        (
            "visit.address",
            "医院在哪",
            "医院在哪|医院地址是什么|你们在什么地方|怎么找到医院|医院在哪条路|地址发我",
            "地址：{{ h.address }}。",
        ),
        (
            "department.which",
            "该挂什么科",
            "该挂什么科|我该看哪个科|挂哪个科室|不知道挂什么号|看什么科好|挂什么科合适",
            "请到服务台问一下。",
        ),
    ],
    "en": [
        (
            "visit.parking",
            "Parking fee",
            (
                "how much is parking|parking fee|what does parking cost|price of parking"
                "|parking charges|cost of the car park"
            ),
            "Parking: {{ h.fee.parking_hour | money }} an hour.",
        ),
        (
            "visit.address",
            "Where we are",
            (
                "where is the hospital|hospital address|your address|how do I find you"
                "|which street are you on|send me the address"
            ),
            "{{ h.address }}",
        ),
        (
            "department.which",
            "Which department",
            (
                "which department|which department should I see|what clinic do I need"
                "|who should I see|where do I book|what specialist"
            ),
            "Please ask at the service desk.",
        ),
    ],
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def refuses(self, *parts: str) -> None:
        """Check that it is one line on standard error, with these parts, and a status that is not 0.

        Of a hospital's own files every problem is told, each on a line that begins with its file.
        """
        assert self.status != 0, self
        assert "Traceback" not in self.err, self.err
        first, *more = self.err.strip().splitlines()
        problem = re.compile(r"(daoyi: )?[\w-]+\.(csv|toml)\b")
        assert not more or all(problem.match(line) for line in (first, *more)), self.err
        for part in parts:
            assert part in self.err, self.err


@dataclass(frozen=True, slots=True)
class Shop:
    """A folder with config.toml, content and data, and the command that runs on it."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def content(self) -> Path:
        return self.folder / "content"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "bot", "--config", str(self.config), *arguments]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("DAOYI_") or name == "DAOYI_CACHE"
        }
        return {**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **(more or {})}

    def __call__(
        self, *arguments: str, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> Said:
        """Run `daoyi --config … arguments` in a process of its own."""
        done = subprocess.run(
            self.command(*arguments), cwd=ROOT, input=stdin, env=self.environment(environment),
            capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    def inside(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Said:
        """Run the same command in this process: for tables, where starting would take the time."""
        kept = (
            structlog.get_config(), logging.root.handlers[:], logging.root.level,
            sys.getswitchinterval(),
        )  # fmt: skip
        try:
            done = CliRunner().invoke(
                app,
                ["--config", str(self.config), *arguments],
                prog_name="daoyi",
                env={"COLUMNS": "200", **(environment or {})},
            )
        finally:
            structlog.configure(**kept[0])
            logging.root.handlers[:] = kept[1]
            logging.root.setLevel(kept[2])
            sys.setswitchinterval(kept[3])
            gc.enable()
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    def change(self, file: Path, old: str, new: str) -> None:
        """Replace one piece of text in a file."""
        text = file.read_text("utf-8")
        assert old in text, f"{file} has no {old!r}"
        file.write_text(text.replace(old, new, 1), "utf-8")


def write_shop(folder: Path) -> Shop:
    """Write a small hospital's settings and content."""
    source = ROOT / "intents" / "content"
    shutil.copytree(ROOT / "templates" / "replies", folder / "templates" / "replies")
    shutil.copytree(ROOT / "templates" / "webchat", folder / "templates" / "webchat")
    shutil.copytree(ROOT / "templates" / "console", folder / "templates" / "console")
    for lang, entries in ENTRIES.items():
        (folder / "content" / lang / "faq").mkdir(parents=True)
        text = "\n".join(
            ENTRY.format(
                intent=intent, title=title, answer=answer,
                questions=", ".join(f'"{q}"' for q in questions.split("|")),
            )
            for intent, title, questions, answer in entries
        )  # fmt: skip
        (folder / "content" / lang / "faq" / "visit.toml").write_text(text, "utf-8")
        said = (
            "phrases.toml", "discreet.toml", "urgent.toml", "requests.toml", "reminders.toml",
            "boundary.toml", "dialect.toml",
        )  # fmt: skip
        for name in said:
            shutil.copy(source / lang / name, folder / "content" / lang / name)
    for name in ("numbers", "reminders", "zones", "follow_up", "festivals"):
        shutil.copy(source / f"{name}.toml", folder / "content" / f"{name}.toml")
    (folder / "config.toml").write_text(
        '[content]\nfolder = "content"\ntemplates = "templates"\n[server]\nport = 0\n', "utf-8"
    )
    return Shop(folder)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A small hospital that a test may break."""
    return write_shop(tmp_path / "shop")


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A small hospital that nobody breaks."""
    return write_shop(tmp_path_factory.mktemp("open") / "shop")


@pytest.fixture(scope="session")
def rows_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that writes rows as JSON lines and returns the file."""

    def write(name: str, rows: list[Any]) -> Path:
        file = tmp_path_factory.mktemp("rows") / name
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        file.write_text("\n".join(lines) + "\n", "utf-8")
        return file

    return write
