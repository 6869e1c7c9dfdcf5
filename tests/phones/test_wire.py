"""What the page may show of an exchange: whose it was and how it went, never a secret or a word."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.phones.wire import Passed, Recorded, Wire

PATIENT = "+12025550123"
SECRET = "s3cr3t-of-ours"


async def exchange(
    answer: Response, path: str, *, sender: str = "hospital", **how: Any
) -> list[Passed]:
    """Let somebody call an application that answers so; return what was remembered."""

    async def answering(_: Request) -> Response:
        return answer

    app = Starlette(routes=[Route("/{path:path}", answering, methods=["GET", "POST"])])
    wire = Wire()
    recorded = Recorded(app, wire, sender, lambda: ["oNobody", PATIENT], asyncio.Event())
    transport = httpx.ASGITransport(app=recorded)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        await http.request(how.pop("method", "POST"), path, **how)
    return wire.of(PATIENT)


def said(answer: Any, status: int = 200) -> Response:
    return Response(json.dumps(answer), status, media_type="application/json")


@pytest.mark.parametrize(
    ("answer", "result", "ok"),
    [
        pytest.param(said({"errcode": 0, "errmsg": "ok"}), "200 · ok", True, id="wechat-takes-it"),
        pytest.param(said({"errcode": 40001, "errmsg": "invalid rid: 1"}), "200 · 40001 invalid", False,
                     id="wechat-refuses"),
        pytest.param(said({"errcode": 46003}), "200 · 46003", True, id="wechat-has-no-menu-yet"),
        pytest.param(said({"ok": True, "result": {"text": "病"}}), "200 · ok", True, id="telegram"),
        pytest.param(said({"ok": False, "error_code": 403, "description": "Forbidden: blocked"}, 403),
                     "403 · 403 Forbidden: blocked", False, id="telegram-refuses"),
        pytest.param(Response("0: Accepted for delivery", 202), "202 · 0: Accepted for delivery", True,
                     id="kannel"),
        pytest.param(Response("<h1>Bad Gateway</h1>", 502), "502 · <h1>Bad Gateway</h1>", False,
                     id="gateway"),
        pytest.param(said([1, 2]), "200", True, id="whatever"),
    ],
)  # fmt: skip
async def test_an_answer_is_one_line(answer: Response, result: str, *, ok: bool) -> None:
    (passed,) = await exchange(answer, "/api", json={"to": PATIENT, "text": "我的病"})
    assert (passed.result, passed.ok, passed.sender) == (result, ok, "hospital")


@pytest.mark.parametrize(
    ("path", "what"),
    [
        (f"/bot1:{SECRET}/sendMessage?to={PATIENT[1:]}", "POST /bot…/sendMessage"),
        (f"/cgi-bin/message/custom/send?access_token={SECRET}", "POST /cgi-bin/message/custom/send"),
        (f"/hooks/sms/kannel/demo?secret={SECRET}&type=8", "POST /hooks/sms/kannel/demo type=8"),
        (f"/hooks/wechat/demo?signature={SECRET}&encrypt_type=aes",
         "POST /hooks/wechat/demo encrypt_type=aes"),
        (f"/x?type={SECRET * 3}", f"POST /x type={(SECRET * 3)[:20]}"),
    ],
)  # fmt: skip
async def test_a_secret_is_not_shown(path: str, what: str) -> None:
    (passed,) = await exchange(said({"errcode": 0}), path, json={"to": PATIENT, "secret": SECRET})
    assert passed.what == what


async def test_a_reply_in_the_answer_is_called_so_and_not_quoted() -> None:
    xml = Response(f"<xml><ToUserName>{PATIENT}</ToUserName>病</xml>")
    (passed,) = await exchange(xml, "/hooks/wechat/demo", sender="platform")
    assert passed.result == "200 · passive reply"


async def test_what_names_nobody_is_seen_by_all_and_what_names_another_by_nobody_else() -> None:
    assert len(await exchange(said({"errcode": 0}), "/cgi-bin/stable_token")) == 1
    assert await exchange(said({"errcode": 0}), "/send?to=oNobody") == []


async def test_an_idle_poll_is_no_news() -> None:
    assert await exchange(said({"ok": True, "result": []}), "/bot1:x/getUpdates") == []


async def test_a_receipt_belongs_to_the_patient_of_its_message() -> None:
    wire = Wire()
    url = b"to=%2B12025550123&dlr-url=http%3A%2F%2Fx%2F%3Fsecret%3Dx%26dlr%3D17%26type%3D%25d"
    assert wire.whose(url, [PATIENT]) == PATIENT
    assert wire.whose(b"secret=x&dlr=17&type=8", [PATIENT]) == PATIENT
    assert wire.whose(b"secret=x&dlr=18&type=8", [PATIENT]) == ""


async def test_only_the_last_exchanges_are_kept() -> None:
    wire = Wire()
    for number in range(500):
        wire.add(PATIENT, "hospital", f"POST /{number}", "200", ok=True, ms=1)
        wire.whose(b"dlr=%d" % number + PATIENT.encode(), [PATIENT])
    assert [passed.what for passed in wire.of(PATIENT)][-1] == "POST /499"
    assert len(wire.of(PATIENT)) < 100
    wire.forget(PATIENT)
    assert wire.of(PATIENT) == []


async def test_a_call_that_waits_ends_when_the_server_stops() -> None:
    async def waits(_: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    closing = asyncio.Event()
    app = Starlette(routes=[Route("/poll", waits)])
    recorded = Recorded(app, Wire(), "hospital", list, closing)
    transport = httpx.ASGITransport(app=recorded)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        asyncio.get_running_loop().call_later(0.05, closing.set)
        answer = await http.get("/poll")
    assert answer.status_code == 503
