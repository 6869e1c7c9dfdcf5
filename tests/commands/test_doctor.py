"""`daoyi doctor`: what is well, what is not, and what to do; it changes nothing."""

from pathlib import Path

import pytest

from tests.commands.conftest import Shop


def parts(shop: Shop) -> dict[str, dict[str, object]]:
    said = shop.inside("doctor", "--json")
    return {one["part"]: one for one in said.json}


def test_a_fresh_installation_is_well_and_stays_as_it_was(shop: Shop) -> None:
    before = sorted(shop.folder.rglob("*"))
    said = shop.inside("doctor")
    assert said.status == 0, said
    assert "will be made by the first start" in said.out
    assert sorted(shop.folder.rglob("*")) == before


def test_it_says_whether_what_is_asked_is_understood_by_meaning(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAOYI_CACHE", str(tmp_path / "cache"))
    assert "not learnt yet" in str(parts(shop)["understanding"]["told"])
    assert shop.inside("intents", "learn").status == 0
    assert "learnt, in" in str(parts(shop)["understanding"]["told"])
    monkeypatch.setattr("intents.encoder.is_installed", lambda: False)
    assert "by characters alone" in str(parts(shop)["understanding"]["told"])


def test_what_is_wrong_is_named_and_fails(shop: Shop) -> None:
    shop.change(shop.content / "zh-CN/faq/visit.toml", "停车每小时", "**停车**每小时")
    said = shop.inside("doctor")
    assert said.status == 1
    bad = [line.split()[1] for line in said.out.splitlines() if line.startswith("BAD")]
    assert "content" in bad
    assert "visit.toml" in said.out


def test_a_settings_file_that_is_not_there_is_named(shop: Shop) -> None:
    shop.config.unlink()
    said = shop.inside("doctor")
    assert said.status == 1
    assert "config.toml" in said.out
