"""What the tests of the public side share: a page in somebody's browser, and how a body is written."""

import json

import httpx
import pytest

from tests.helpers.ward import ward, wards
from tests.helpers.world import ChatPage

__all__ = ["ward", "wards"]

ALARM = "我胸口疼得厉害，喘不上气"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def page(web: httpx.AsyncClient) -> ChatPage:
    """The chat page, just opened."""
    return await ChatPage.open(web)


def body(text: object, key: object = "k") -> bytes:
    """Return what the page posts."""
    return json.dumps({"id": key, "text": text}).encode()
