"""What was learnt is kept, loaded, learnt again where it is spoilt, and swapped while in use."""

import shutil
from pathlib import Path

import pytest

from bot.app import Content
from bot.dialogue.learning import (
    Learner,
    encoder_in,
    is_kept,
    is_learnt,
    learnt_folder,
    matcher_at_once,
    matcher_for,
)
from bot.settings import Settings
from intents.catalog import Catalog
from intents.match import CharacterMatcher, HybridMatcher, Matcher, build_matcher


class Small(Catalog):
    """One question or two; learnt at once."""

    def __init__(self, version: str, *examples: tuple[str, str]) -> None:
        self.version, self._examples = version, list(examples)

    def examples(self) -> list[tuple[str, str]]:
        return self._examples


PARKING, VISITING = ("a.parking", "停车要多少钱"), ("b.visiting", "几点可以探视")


def test_it_is_learnt_once_and_loaded_from_then_on(tmp_path: Path) -> None:
    catalog = Small("1", PARKING, VISITING)
    assert not is_kept(catalog, tmp_path)
    first = matcher_for(catalog, tmp_path)
    assert is_kept(catalog, tmp_path)
    (path,) = tmp_path.glob("matcher-*")
    written = path.stat().st_mtime_ns
    assert matcher_for(catalog, tmp_path).rank("停车")[0].intent == first.rank("停车")[0].intent
    assert path.stat().st_mtime_ns == written


def test_what_is_spoilt_is_learnt_again(tmp_path: Path) -> None:
    catalog = Small("1", PARKING, VISITING)
    matcher_for(catalog, tmp_path)
    (path,) = tmp_path.glob("matcher-*")
    path.write_bytes(path.read_bytes()[:100])
    assert matcher_for(catalog, tmp_path).rank("停车")[0].intent == "a.parking"


def test_a_changed_catalog_is_learnt_with_the_vectors_that_are_known(tmp_path: Path) -> None:
    matcher_for(Small("1", PARKING), tmp_path)
    changed = matcher_for(Small("2", PARKING, VISITING), tmp_path)
    assert isinstance(changed, HybridMatcher)
    assert set(changed.vectors()) == {PARKING[1], VISITING[1]}


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert matcher_for(Small("1", PARKING, VISITING), blocked).rank("停车")


def test_characters_stand_alone_until_the_meaning_is_learnt(tmp_path: Path) -> None:
    catalog = Small("1", PARKING, VISITING)
    soon = matcher_at_once(catalog, tmp_path)
    assert isinstance(soon, CharacterMatcher)
    assert not is_learnt(soon)
    matcher_for(catalog, tmp_path)
    assert is_learnt(matcher_at_once(catalog, tmp_path))


async def test_a_process_of_its_own_learns_and_the_server_swaps(
    settings: Settings,
    content: Content,
    learnt: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(learnt, tmp_path / "learnt")  # so that it takes seconds
    monkeypatch.setenv("DAOYI_CACHE", str(tmp_path / "learnt"))
    swapped: list[Matcher] = []
    await Learner(settings.file, content.catalog, swapped.append).learn()
    (matcher,) = swapped
    assert is_learnt(matcher)
    assert matcher.rank("停车要多少钱")[0].intent == "hospital.parking"


def test_without_the_model_characters_are_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.dialogue.learning.is_installed", lambda: False)
    assert is_learnt(build_matcher([PARKING, VISITING]))
    encoder_in.cache_clear()
    assert encoder_in(Path("elsewhere")) is None
    encoder_in.cache_clear()


def test_where_it_is_kept() -> None:
    assert learnt_folder({"DAOYI_CACHE": "somewhere", "HOME": "home"}) == Path("somewhere")
    assert learnt_folder({"XDG_CACHE_HOME": "cache"}) == Path("cache", "daoyi")
    assert learnt_folder({"HOME": "home"}) == Path("home", ".cache", "daoyi")
