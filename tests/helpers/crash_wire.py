"""A frugal HTTP client: one kept connection each, so that the server under test gets the processor."""

import asyncio
import json
from collections.abc import Mapping

#: What a dying server does to a request.
Broken = (OSError, EOFError, ValueError)


class Wire:
    """One connection to one server; opened again whenever it broke."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._busy = asyncio.Lock()

    async def post(
        self, port: int, path: str, headers: Mapping[str, str] | None = None, body: object = None
    ) -> tuple[int, bytes]:
        """Post JSON; return status and body.

        Raises:
            OSError, EOFError, ValueError: the connection broke; nobody knows what became of it.
        """
        return await self._ask("POST", port, path, headers or {}, json.dumps(body).encode())

    async def get(self, port: int, path: str) -> tuple[int, bytes]:
        """Get a page; return status and body."""
        return await self._ask("GET", port, path, {}, b"")

    def close(self) -> None:
        """Drop the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask(
        self, method: str, port: int, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        async with self._busy:
            try:
                if self._streams is None:
                    self._streams = await asyncio.open_connection(self._host, port)
                reader, writer = self._streams
                fields = {"Host": self._host, "Content-Length": str(len(body)), **headers}
                head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
                writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
                answer = await _answer(reader)
            except BaseException:
                self.close()
                raise
            return answer


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    length = next(int(line[15:]) for line in head if line.lower().startswith("content-length:"))
    return int(head[0].split(" ")[1]), await reader.readexactly(length)
