"""Signing in and out: who gets in, for how long, and how often somebody may guess."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlmodel import select

from bot.app import App
from bot.console import auth, sessions
from bot.errors import BadInput
from bot.store.db import Tx
from bot.store.tables import Staff, StaffSession
from tests.conftest import Clock
from tests.console.conftest import ORIGIN, PASSWORD, Browser, hidden, text_of

NewBrowser = Callable[[], Browser]


async def test_a_nurse_signs_in_sees_the_queue_and_signs_out(browse: NewBrowser) -> None:
    browser = browse()
    asked = await browser.get("/console")
    assert (asked.status_code, asked.headers["location"]) == (303, "/console/login?next=/console")
    entered = await browser.sign_in("nurse.li")
    assert (entered.status_code, entered.headers["location"]) == (303, "/console")
    assert "李护士" in text_of(await browser.get("/console"))
    left = await browser.send("/console/logout")
    assert (left.status_code, left.headers["location"]) == (303, "/console/login")
    assert (await browser.get("/console")).status_code == 303


async def test_the_cookie_is_out_of_reach_and_only_its_digest_is_kept(
    app: App, browse: NewBrowser
) -> None:
    browser = browse()
    entered = await browser.sign_in("nurse.li")
    (cookie,) = [c for c in entered.headers.get_list("set-cookie") if c.startswith("daoyi_staff=")]
    assert {"httponly", "samesite=lax", "path=/console"} <= {
        part.strip().lower() for part in cookie.split(";")
    }
    token = browser.http.cookies[sessions.COOKIE]

    def kept(tx: Tx) -> list[StaffSession]:
        with tx.session() as session:
            return list(session.exec(select(StaffSession)).all())

    (row,) = await app.engine.read(kept)
    assert token not in repr(row)


async def test_over_https_the_cookie_never_leaves_in_the_clear(app: App) -> None:
    transport = httpx.ASGITransport(app=app.http, client=("https", 1))
    async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1") as http:
        page = await http.get("/console/login")
        fields = {"csrf": hidden(page, "csrf"), "username": "nurse.li", "password": PASSWORD}
        entered = await http.post("/console/login", data=fields)
    assert all("secure" in c.lower() for c in entered.headers.get_list("set-cookie")[:1])


async def test_every_wrong_try_gets_the_same_answer(
    app: App, clock: Clock, browse: NewBrowser
) -> None:
    def leave(tx: Tx) -> None:
        with tx.session() as session:
            auth.add_staff(session, "gone", "已离职", PASSWORD, "agent", clock())
            auth.deactivate(session, "gone", clock())

    await app.engine.write(leave)
    browser = browse()
    first = await browser.sign_in("nurse.wang", "also not hers")
    for username, password in (
        ("nurse.li", "not her password"),
        ("nobody.here", PASSWORD),
        ("gone", PASSWORD),
        ("", ""),
        ("nurse.li\x00", "x" * 5000),
        ("' OR 1=1 --", "' OR 1=1 --"),
    ):
        again = await browser.send("/console/login", username=username, password=password)
        assert (again.status_code, again.text) == (401, first.text), username
        assert sessions.COOKIE not in browser.http.cookies


async def test_an_unknown_name_takes_a_hash_as_long_as_a_known_one(
    monkeypatch: pytest.MonkeyPatch, browse: NewBrowser
) -> None:
    """The same work for both: timing tells nobody who works here."""
    hashed: list[str] = []
    verify = auth._HASHER.verify

    class Counting:
        hash = auth._HASHER.hash

        def verify(self, known: str, password: str) -> bool:
            hashed.append(known.rpartition("$")[0].rpartition("$")[0])
            return bool(verify(known, password))

    monkeypatch.setattr(auth, "_HASHER", Counting())
    browser = browse()
    for name in ("chen", "nobody.here"):
        assert (await browser.sign_in(name, "wrong password")).status_code == 401
    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


async def test_after_five_wrong_tries_an_account_rests(browse: NewBrowser) -> None:
    browser = browse()
    for _ in range(auth.ACCOUNT_TRIES):
        assert (await browser.sign_in("tired", "wrong password")).status_code == 401
    refused = await browse().sign_in("tired")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert "一分钟" in text_of(refused)
    assert (await browse().sign_in("nurse.wang")).status_code == 303


async def test_one_address_cannot_go_through_all_names(
    browse: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []

    async def match(_: auth.Passwords, known: str | None, password: str) -> bool:
        reached.append(password)
        return known is not None and password == PASSWORD

    monkeypatch.setattr(auth.Passwords, "match", match)
    browser = browse()
    await browser.get("/console/login")
    for number in range(60):
        await browser.send("/console/login", username=f"name{number}", password="wrong password")
    assert len(reached) == auth.ADDRESS_TRIES
    assert (
        await browser.send("/console/login", username="nurse.li", password=PASSWORD)
    ).status_code == 429


async def test_signing_in_right_is_never_counted_as_guessing(browse: NewBrowser) -> None:
    """A whole shift comes in through one address within a minute."""
    browser = browse()
    for _ in range(auth.ADDRESS_TRIES + 2):
        assert (await browser.sign_in("nurse.li")).status_code == 303
        await browser.send("/console/logout")


async def test_signing_in_ends_the_session_that_the_browser_brought(browse: NewBrowser) -> None:
    """Whoever planted or copied a cookie has nothing of it after the owner signed in."""
    browser, somebody = browse(), browse()
    await browser.sign_in("nurse.li")
    old = {"Cookie": f"{sessions.COOKIE}={browser.http.cookies[sessions.COOKIE]}"}
    assert (await somebody.get("/console", headers=old)).status_code == 200
    page = await browse().get("/console/login")
    fields = {"csrf": hidden(page, "csrf"), "username": "nurse.li", "password": PASSWORD}
    both = {"Cookie": f"{old['Cookie']}; {page.headers['set-cookie'].partition(';')[0]}"}
    entered = await somebody.http.post("/console/login", data=fields, headers=both)
    assert entered.status_code == 303
    assert entered.headers["set-cookie"].partition(";")[0] != old["Cookie"]
    assert (await browser.get("/console")).status_code == 303


@pytest.mark.parametrize(
    ("moves", "is_in"),
    [
        pytest.param([29], True, id="29 minutes"),
        pytest.param([31], False, id="idle for 31 minutes"),
        pytest.param([25] * 28, True, id="busy for almost 12 hours"),
        pytest.param([25] * 29, False, id="busy for more than 12 hours"),
    ],
)
async def test_a_session_ends(
    browse: NewBrowser, clock: Clock, moves: list[int], is_in: bool
) -> None:
    browser = browse()
    await browser.sign_in("nurse.li")
    for minutes in moves:
        clock.move(minutes=minutes)
        await browser.get("/console")
    assert browser.last is not None
    assert (browser.last.status_code == 200) is is_in


async def test_a_page_that_only_refreshes_itself_keeps_nobody_signed_in(
    browse: NewBrowser, clock: Clock
) -> None:
    browser = browse()
    await browser.sign_in("nurse.li")
    for _ in range(3):
        clock.move(minutes=9)
        assert (await browser.get("/console/queue")).status_code == 200
    clock.move(minutes=9)
    assert (await browser.get("/console/queue")).status_code == 401


async def test_who_leaves_is_signed_out_everywhere(
    app: App, browse: NewBrowser, clock: Clock
) -> None:
    browser = browse()
    await browser.sign_in("nurse.li")

    def change(tx: Tx) -> None:
        with tx.session() as session:
            auth.set_password(session, "nurse.li", "another long password", clock())

    await app.engine.write(change)
    assert (await browser.get("/console")).status_code == 303
    assert (await browser.sign_in("nurse.li")).status_code == 401
    assert (await browser.sign_in("nurse.li", "another long password")).status_code == 303


async def test_after_signing_in_one_goes_on_where_one_wanted(browse: NewBrowser) -> None:
    for wanted, goes in (
        ("/console/conversations/7", "/console/conversations/7"),
        ("//evil.example", "/console"),
        ("https://evil.example", "/console"),
        ("/console/../chat", "/console"),
    ):
        browser = browse()
        page = await browser.get("/console/login", params={"next": wanted})
        entered = await browser.send(
            "/console/login", username="nurse.li", password=PASSWORD, next=hidden(page, "next")
        )
        assert entered.headers["location"] == goes, wanted


@pytest.mark.usefixtures("employed")
async def test_an_account_that_cannot_be_is_refused_in_one_sentence(app: App, clock: Clock) -> None:
    usual = {"username": "new", "display_name": "新护士", "password": PASSWORD, "role": "agent"}
    for change, sentence in (
        ({"username": "李护士"}, "username:"),
        ({"username": "a"}, "username:"),
        ({"username": "nurse.li"}, "is taken"),
        ({"display_name": " "}, "display name:"),
        ({"display_name": "a\nb"}, "display name:"),
        ({"password": "short"}, "password: 10"),
        ({"password": "x" * 201}, "password: 10"),
        ({"role": "king"}, "role: expected"),
    ):
        fields: dict[str, Any] = {**usual, **change}

        def add(tx: Tx, fields: dict[str, Any] = fields) -> None:
            with tx.session() as session:
                auth.add_staff(session, **fields, now=clock())

        with pytest.raises(BadInput, match=sentence) as refused:
            await app.engine.write(add)
        assert fields["password"] not in str(refused.value)


async def test_a_password_is_the_same_in_full_width_letters(
    app: App, clock: Clock, browse: NewBrowser
) -> None:
    def add(tx: Tx) -> str:
        with tx.session() as session:
            auth.add_staff(session, "new", "新护士", "ｐａｓｓｗｏｒｄ１２３", "agent", clock())
            return session.exec(select(Staff.password_hash).where(Staff.username == "new")).one()

    kept = await app.engine.write(add)
    assert kept.startswith("$argon2id$")
    assert (await browse().sign_in("NEW ", "password123")).status_code == 303


async def test_a_form_from_elsewhere_signs_nobody_in(browse: NewBrowser) -> None:
    browser = browse()
    page = await browser.get("/console/login")
    fields = {"csrf": hidden(page, "csrf"), "username": "nurse.li", "password": PASSWORD}
    elsewhere = browse()
    assert (await elsewhere.http.post("/console/login", data=fields)).status_code == 403
    foreign = {"Origin": "https://evil.example"}
    assert (
        await browser.http.post("/console/login", data=fields, headers=foreign)
    ).status_code == 403
    own = {"Origin": ORIGIN}
    assert (await browser.http.post("/console/login", data=fields, headers=own)).status_code == 303
