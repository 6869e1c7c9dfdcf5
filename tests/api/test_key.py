"""Nothing of the operators' interface opens without its key, and nothing is told to who has none."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from bot.api.guard import MAX_BODY
from bot.api.routes import PREFIX
from tests.api.conftest import KEY, Operators
from tests.helpers.house import House


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Return every (method, path) of the interface, from the application's own table."""
    for path, methods in app.openapi()["paths"].items():
        if path.startswith(PREFIX):
            yield from ((method.upper(), path) for method in methods)


def client(app: FastAPI, key: str | None = None) -> httpx.AsyncClient:
    headers = {} if key is None else {"Authorization": key}
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)


def plain(path: str) -> str:
    return re.sub(r"{\w+}", "1", path)


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("Bearer wrong", 401),
        (f"Bearer {KEY}x", 401),
        (f"Bearer {KEY[:-1]}", 401),
        (f"Basic {KEY}", 401),
        (KEY, 401),
    ],
)
async def test_every_route_asks_for_the_key_first(
    anonymous: Callable[[str], FastAPI], shown: str | None, status: int
) -> None:
    app = anonymous(KEY)
    every = list(routes(app))
    assert len(every) >= 9
    async with client(app, shown) as http:
        for method, path in every[:18]:
            answer = await http.request(method, plain(path), content=b"not JSON at all")
            assert (answer.status_code, set(answer.json())) == (status, {"error"}), path
            assert KEY not in answer.text


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_the_right_key_comes_in_everywhere(operators: Operators) -> None:
    app = operators.house.app.http
    for method, path in routes(app):
        answer = await operators.http.request(method, plain(path), content=b"{}")
        assert answer.status_code not in (401, 403, 429, 500, 503), (path, answer.text)


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_without_a_key_in_the_environment_it_is_off(house: House) -> None:
    every = list(routes(house.app.http))
    async with client(house.app.http, "Bearer ") as http:
        for method, path in every:
            answer = await http.request(method, plain(path))
            assert (answer.status_code, "DAOYI_OPERATOR_KEY" in answer.text) == (503, True), path


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_guessing_is_slowed_down(anonymous: Callable[[str], FastAPI]) -> None:
    app = anonymous(KEY)
    async with client(app, "Bearer guess") as http:
        statuses = [(await http.get(f"{PREFIX}/changes")).status_code for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    async with client(app, f"Bearer {KEY}") as http:
        assert (await http.get(f"{PREFIX}/changes")).status_code == 429


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_body_has_an_end(operators: Operators) -> None:
    answer = await operators.http.put("/api/v1/roster", content=b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("backend", ["sqlite"])
def test_openapi_describes_every_route(house: House) -> None:
    app = house.app.http
    paths = app.openapi()["paths"]

    def walk(found: list[object]) -> Iterator[APIRoute]:
        for route in found:
            if isinstance(route, APIRoute):
                yield route

    table = {route.path for route in walk(list(app.router.routes)) if route.path.startswith(PREFIX)}
    described = {path for path in paths if path.startswith(PREFIX)}
    assert table <= described
    for path in described:
        for operation in paths[path].values():
            assert operation["summary"]
            assert operation["description"], path
            assert operation["security"] == [{"operator key": []}], path
            assert {"401", "422", "503"} <= set(operation["responses"])
