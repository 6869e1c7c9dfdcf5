"""What operators and their tools ask of the server: alive, ready, counted, described."""

import json
import re

import httpx
import pytest

from tests.helpers.house import House
from tests.helpers.world import ChatPage


async def test_alive_and_ready(web: httpx.AsyncClient) -> None:
    assert (await web.get("/healthz")).json() == {"status": "alive"}
    ready = await web.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"database": "ready", "webchat": "ready"}


async def test_metrics_count_and_name_nobody(web: httpx.AsyncClient) -> None:
    page = await ChatPage.open(web)
    await page.post("谢谢，我叫欧阳修远")
    metrics = await web.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert re.search(r'^daoyi_turns_total\{outcome="answered"\} [1-9]', metrics.text, re.MULTILINE)
    assert "daoyi_turn_seconds_bucket" in metrics.text
    assert page.user not in metrics.text
    assert "欧阳" not in metrics.text


async def test_every_json_route_is_described(web: httpx.AsyncClient) -> None:
    described = (await web.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]) >= {
        "/healthz", "/readyz", "/metrics", "/webchat/sessions", "/webchat/messages",
        "/webchat/history", "/webchat/stream",
    }  # fmt: skip
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (path, method)
            assert operation["responses"], (path, method)
    posted = described["paths"]["/webchat/messages"]["post"]["requestBody"]
    assert "id" in json.dumps(posted)
    assert "429" in described["paths"]["/webchat/messages"]["post"]["responses"]


@pytest.mark.parametrize(
    ("asked", "header", "lang"),
    [
        ("", "", "zh-CN"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "en;q=0.1,zh", "en"),
        ("", "fr-FR", "zh-CN"),
        ("", "\xff" * 50, "zh-CN"),
        ("?lang=en", "zh", "en"),
        ("?lang=zh-CN", "en", "zh-CN"),
        ("?lang=<script>", "en", "en"),
        ("?lang=../../etc/passwd", "", "zh-CN"),
    ],
)
async def test_the_page_speaks_a_language_it_has(
    asked: str, header: str, lang: str, web: httpx.AsyncClient
) -> None:
    page = await web.get(f"/chat{asked}", headers=[(b"Accept-Language", header.encode("latin-1"))])
    assert page.status_code == 200
    assert f'lang="{lang}"' in page.text
    assert "script>" not in asked or "<script>alert" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_the_front_door_is_the_chat(web: httpx.AsyncClient) -> None:
    front = await web.get("/")
    assert (front.status_code, front.headers["location"]) == (307, "/chat")


async def test_every_asset_of_the_page_is_there(web: httpx.AsyncClient, house: House) -> None:
    page = (await web.get("/chat")).text
    assets = re.findall(r'(?:src|href)="(/webchat/assets/[^"?]+)', page)
    assert assets
    for asset in assets:
        found = await web.get(asset)
        assert found.status_code == 200, asset
        assert found.headers["x-content-type-options"] == "nosniff"
    assert house.app.settings.templates.is_dir()
