"""`daoyi serve`: starts, answers, stops when asked, never twice on one folder, forgets nothing."""

import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.commands.conftest import ROOT, Shop

_PATIENCE = 60.0


class Serving:
    """A server in a process of its own, and what it said."""

    def __init__(self, shop: Shop, *arguments: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            shop.command("serve", *arguments), cwd=ROOT, env=shop.environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def said(self) -> str:
        return "".join(self.lines)

    @property
    def url(self) -> str:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"(http://[\d.]+:\d+)/chat", self.said):
                return found[1]
            time.sleep(0.02)
        raise AssertionError(f"it did not start: {self.said}")

    def end(self, number: signal.Signals | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        try:
            return self.process.wait(_PATIENCE)
        finally:
            self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                self.lines.append(line)


@contextmanager
def serving(shop: Shop, *arguments: str) -> Iterator[Serving]:
    server = Serving(shop, *arguments)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.end()


def say(url: str, token: str, key: str, text: str) -> str:
    answer = httpx.post(
        f"{url}/webchat/messages",
        json={"id": key, "text": text},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return answer.text


def test_it_starts_answers_stops_and_remembers(shop: Shop) -> None:
    with serving(shop, "--port", "0") as server:
        token = httpx.post(f"{server.url}/webchat/sessions").json()["token"]
        first = say(server.url, token, "1", "停车多少钱")
        assert "停车每小时4元" in first
        with serving(shop, "--port", "0") as second:
            assert second.end() == 1
        assert "already served by process" in second.said
        assert str(server.process.pid) in second.said
        assert "Traceback" not in second.said
        assert "4元" in say(server.url, token, "2", "停车怎么收费"), "the first goes on"
        assert server.end(signal.SIGINT) == 0
        assert "Traceback" not in server.said
    with serving(shop, "--port", "0") as server:
        assert say(server.url, token, "1", "停车多少钱") == first, "byte for byte, after a restart"
        history = httpx.get(
            f"{server.url}/webchat/history", headers={"Authorization": f"Bearer {token}"}
        ).json()["messages"]
        assert [line["text"] for line in history if line["from"] == "patient"] == [
            "停车多少钱", "停车怎么收费",
        ]  # fmt: skip
        with httpx.stream(
            "GET", f"{server.url}/webchat/stream", headers={"Authorization": f"Bearer {token}"}
        ) as stream:
            assert stream.status_code == 200
            assert server.end(signal.SIGTERM) == 0, "an open stream keeps nobody from stopping"
        assert "Traceback" not in server.said


def test_a_port_that_is_taken_is_a_sentence(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving(shop, "--port", str(port)) as server:
            assert server.end() != 0
    assert str(port) in server.said
    assert "Traceback" not in server.said
    assert len(server.said.strip().splitlines()) == 1, server.said


@pytest.mark.parametrize(
    "command", [(), ("serve",), ("ask",), ("import", "sheet"), ("staff", "add")], ids=" ".join
)
def test_every_command_has_help(command: tuple[str, ...], open_shop: Shop) -> None:
    said = open_shop.inside(*command, "--help")
    assert said.status == 0
    assert "Usage" in said.out


def test_a_command_that_is_not_known(open_shop: Shop) -> None:
    said = open_shop.inside("sing")
    assert said.status == 2
    assert "sing" in said.err
