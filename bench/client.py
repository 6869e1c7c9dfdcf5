"""A small HTTP/1.1 client for load: one connection a patient, kept alive, little else.

A full client costs more than the servers measured here and would hide the difference between them.
"""

import asyncio
import json
from time import perf_counter
from types import TracebackType
from typing import Any, Self


class Connection:
    """One kept-alive connection to `host:port`."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def post(self, path: str, body: Any, token: str = "") -> tuple[int, bytes, float]:
        """Post JSON; return status, body and seconds taken."""
        return await self.send(path, json.dumps(body).encode(), "application/json", token)

    async def send(
        self, path: str, content: bytes, kind: str, token: str = ""
    ) -> tuple[int, bytes, float]:
        """Post bytes of a media type; return status, body and seconds taken."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(content)}\r\n"
        )
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        started = perf_counter()
        self._writer.write(head.encode() + b"\r\n" + content)
        status, answer = await self._answer()
        return status, answer, perf_counter() - started

    async def _answer(self) -> tuple[int, bytes]:
        status = int((await self._reader.readline()).split()[1])
        length = 0
        while (line := await self._reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, await self._reader.readexactly(length)
