"""Over a real connection: bytes that are no request never make a 5xx or a traceback."""

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from tests.helpers.live import LiveServer

POST = b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\n"


def raw(server: LiveServer, data: bytes) -> bytes:
    """Send bytes as they are; return everything that comes back."""
    parts = urlsplit(server.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), 10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


RAW = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 5, (b"400", b"")),
    "half a request": (b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\n", (b"",)),
    "a line too long": (
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        (b"400", b"404", b"414", b"431", b""),
    ),
    "two lengths": (
        POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        (b"400", b""),
    ),
    "length and chunks": (
        POST
        + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        (b"400", b"401", b""),
    ),
    "a length of 50 digits": (
        b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 50 + b"\r\n\r\n",
        (b"400", b"413"),
    ),
    "a NUL in a header": (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        (b"400", b"200"),
    ),
    "1,000 headers": (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        + b"X: y\r\n" * 1_000
        + b"\r\n",
        (b"200", b"400", b"431"),
    ),
    "1 MB in chunks": (
        b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 32,
        (b"413",),
    ),
    "a broken chunk": (
        b"POST /webchat/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        (b"400", b""),
    ),
    "an unknown method": (
        b"BREW /pot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        (b"400", b"404", b"405"),
    ),
}


@pytest.mark.parametrize("case", RAW)
def test_bytes_that_are_no_request_never_make_a_5xx(case: str, live_server: LiveServer) -> None:
    data, expected = RAW[case]
    try:
        answer = raw(live_server, data)
    except (ConnectionResetError, BrokenPipeError):
        answer = b""
    status = answer.partition(b" ")[2][:3]
    assert status in (*expected, b"") if b"" in expected else status in expected
    assert httpx.get(f"{live_server.url}/healthz").json() == {"status": "alive"}
    assert "Traceback" not in "".join(live_server.log)
