"""Twilio's official client through Prism, which holds both sides to Twilio's own OpenAPI file.

Prism alone would answer examples; it stands before a small stand-in with a memory, and refuses what
either side says against the specification.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.sms import Sms
from bot.message import Progress, Sent
from tests.channels.sms.conftest import PEERS, Processes, free_port, is_up
from tests.channels.sms.scripted import Asked, Says, Scripted
from tests.channels.sms.shared import NOW, NUMBER, PRIVATE, found, letter, opened, outcome
from tests.channels.sms.table import Fault
from tests.helpers.peers import need

ACCOUNT = "AC" + "0" * 32
TOKEN = "token-of-the-tests"
_SPEC = PEERS / "node_modules/@twilio-alpha/mcp/twilio-oai/spec/json/twilio_api_v2010.json"
_PRISM = PEERS / "node_modules/.bin/prism"
_DATE = NOW.strftime("%a, %d %b %Y %H:%M:%S +0000")
JSON = {"Content-Type": "application/json"}


class Cloud:
    """Twilio with a memory.

    Attributes:
        messages: what was created, oldest first.
        broken: said as the status of every message, against Twilio's own specification.
    """

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.broken = ""
        self.refuses: tuple[int, int] | None = None

    def answer(self, asked: Asked) -> Says:
        """Answer one request."""
        if self.refuses is not None:
            status, code = self.refuses
            told = {"code": code, "message": "no", "more_info": "", "status": status}
            return Says(status, json.dumps(told), JSON)
        if asked.method == "POST":
            return Says(201, json.dumps(self._create(asked.form)), JSON)
        if asked.path.endswith("/Messages.json"):
            return Says(200, json.dumps(self._page(asked.query["To"][0])), JSON)
        account = {"sid": ACCOUNT, "status": "active", "friendly_name": "示范医院", "type": "Full"}
        return Says(200, json.dumps(account), JSON)

    def _create(self, form: dict[str, list[str]]) -> dict[str, Any]:
        sid = f"SM{len(self.messages) + 1:032x}"
        uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json"
        message: dict[str, Any] = {
            "sid": sid, "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": form["Body"][0],
            "to": form["To"][0], "from": form["From"][0], "status": self.broken or "queued",
            "direction": "outbound-api", "num_segments": "1", "num_media": "0", "price": None,
            "price_unit": "USD", "error_code": None, "error_message": None, "uri": uri,
            "date_created": _DATE, "date_sent": None, "date_updated": _DATE,
            "messaging_service_sid": None, "subresource_uris": {},
        }  # fmt: skip
        self.messages.append(message)
        return message

    def _page(self, to: str) -> dict[str, Any]:
        listed = [message for message in reversed(self.messages) if message["to"] == to]
        # The specification wants whole addresses here, though Twilio itself says paths.
        uri = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize=50"
        return {
            "messages": listed, "page": 0, "page_size": 50, "start": 0, "end": len(listed), "uri": uri,
            "first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None,
        }  # fmt: skip


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory, scripted_server: Scripted) -> Iterator[str]:
    """Prism as a validating proxy before the scripted server; its URL."""
    need("Node.js (apt-get install nodejs)", shutil.which("node") is not None)
    need(
        "npm's Prism and Twilio's specification (scripts/peers)", _PRISM.exists() and _SPEC.exists()
    )
    folder: Path = tmp_path_factory.mktemp("prism")
    port = free_port()
    with Processes(folder) as processes:
        processes.start(
            "prism", "node", _PRISM.resolve(), "proxy", "-h", "127.0.0.1", "-p", port, "--errors",
            _SPEC, scripted_server.base,
        )  # fmt: skip
        scripted_server.says(Says(404))
        url = f"http://127.0.0.1:{port}"
        processes.until(lambda: is_up(url), "Prism did not start")
        yield url


@pytest.fixture
def cloud(scripted: Scripted) -> Cloud:
    """A fresh Twilio behind Prism."""
    made = Cloud()
    scripted.live = made.answer
    return made


def twilio(prism: str, token: str = TOKEN) -> Sms:
    config = {
        "provider": "twilio", "account_sid": ACCOUNT, "sender": "+14155550100", "api_base_url": prism,
    }  # fmt: skip
    return opened(config, {"auth_token": token})


async def test_what_we_send_is_what_twilio_specified(prism: str, cloud: Cloud) -> None:
    sent = await twilio(prism).send(letter(id=41))
    assert sent == Sent("SM" + "0" * 31 + "1", Progress.ACCEPTED)
    (message,) = cloud.messages
    assert (message["to"], message["body"]) == (NUMBER, PRIVATE)


async def test_a_lost_answer_is_found_again_and_only_then(prism: str, cloud: Cloud) -> None:
    channel = twilio(prism)
    assert await found(channel, letter()) is None
    sent = await channel.send(letter())
    cloud.messages[0]["status"] = "delivered"
    assert await found(channel, letter()) == Sent(sent.provider_id, Progress.DELIVERED)
    assert await found(channel, letter("别的")) is None
    assert await found(channel, letter(to="+14155550111")) is None


async def test_the_account_is_looked_at(prism: str, cloud: Cloud) -> None:
    hook, state = await twilio(prism).check()
    assert (hook.ok, state.ok) == (True, True)
    cloud.refuses = (401, 20003)
    assert [finding.ok for finding in await twilio(prism).check()] == [True, False]


async def test_prism_itself_refuses_what_twilio_would(
    prism: str, cloud: Cloud, scripted: Scripted
) -> None:
    """The proxy is awake: without a number, and with an answer nobody specified."""
    url = f"{prism}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    async with httpx.AsyncClient(auth=(ACCOUNT, TOKEN)) as client:
        answer = await client.post(url, data={"Body": "1", "From": "+14155550100"})
    assert answer.status_code == 422
    assert scripted.asked == [], "it never came through"
    cloud.broken = "kaputt"
    Fault("Unknown", "twilio_500").check(await outcome(twilio(prism), letter()))


async def test_an_opt_out_comes_through(prism: str, cloud: Cloud) -> None:
    cloud.refuses = (400, 21610)
    Fault("Unreachable", "twilio_21610").check(await outcome(twilio(prism), letter()))
