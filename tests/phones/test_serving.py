"""Where the phones are, and where they are not: in demo mode, and never beside a real account."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.commands.conftest import ROOT, Shop, write_shop
from tests.commands.test_serve import serving
from tests.phones.drive import Phones

#: A real account; its platform is nobody who listens.
REAL = '[channels.telegram.main]\napi_base_url = "http://127.0.0.1:9"\n'


@dataclass(frozen=True, slots=True)
class WithAccount(Shop):
    """A hospital whose environment has a bot's token."""

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        token = {"DAOYI_TELEGRAM_MAIN_TOKEN": "1:" + "a-real-token" * 3}
        return Shop.environment(self, {**token, **(more or {})})


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = write_shop(tmp_path / "shop")
    shutil.copytree(ROOT / "templates" / "phones", made.folder / "templates" / "phones",
                    dirs_exist_ok=True)  # fmt: skip
    return WithAccount(made.folder)


def test_a_real_account_is_never_mixed_with_the_simulated_one(shop: Shop) -> None:
    shop.config.write_text(shop.config.read_text("utf-8") + REAL, "utf-8")
    with serving(shop, "--port", "0") as server, httpx.Client(base_url=server.url) as http:
        assert f"Simulated phones   {server.url}/phones" in server.said
        states = Phones(http).states()
        assert {name: state["off"] for name, state in states.items()} == {
            "wechat": False, "telegram": True, "sms": False,
        }  # fmt: skip
        assert (
            http.get("/phones").headers["content-security-policy"].startswith("default-src 'none'")
        )
        for path in ("/standins/telegram/bot1:x/getMe", "/standins/wechat/cgi-bin/stable_token"):
            assert http.post(path).status_code == 404
    assert "a-real-token" not in server.said


def test_without_demo_mode_there_are_no_phones(shop: Shop) -> None:
    shop.config.write_text(shop.config.read_text("utf-8") + "[hospital]\ndemo = false\n", "utf-8")
    assert shop("import", "hospital", str(ROOT / "bot" / "hospital" / "demo")).status == 0
    with serving(shop, "--port", "0") as server:
        assert "Patients chat at" in server.said or server.url
        assert "phones" not in server.said
        for path in ("/phones", "/phones/api/visits", "/hooks/wechat/demo"):
            assert httpx.get(server.url + path).status_code == 404
