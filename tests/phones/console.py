"""A nurse at the console of a real server, without a browser."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import httpx

from tests.console.conftest import PASSWORD, hidden, text_of


@dataclass
class Nurse:
    """Signed in; has one conversation open at a time."""

    http: httpx.Client
    conversation: str = ""
    page: httpx.Response | None = field(default=None, repr=False)

    @classmethod
    @contextmanager
    def signed_in(cls, url: str) -> Iterator[Self]:
        """Yield nurse.li, at her desk."""
        with httpx.Client(base_url=url, timeout=30, follow_redirects=True) as http:
            nurse = cls(http)
            nurse._get("/console/login")
            nurse._send("/console/login", username="nurse.li", password=PASSWORD)
            yield nurse

    def takes_the_newest_case(self) -> None:
        """Claim the case that came last."""
        page = self._get("/console").text
        ids = re.findall(r"/console/conversations/(\d+)/claim", page)
        self.conversation = max(ids, key=int)
        form = page.partition(f"/console/conversations/{self.conversation}/claim")[2]
        self._do("claim", case=hidden(form, "case"), seen=hidden(form, "seen"))

    def says(self, text: str) -> None:
        """Answer in the conversation that is open."""
        page = self._get(f"/console/conversations/{self.conversation}").text
        form = page.partition(f"/console/conversations/{self.conversation}/reply")[2]
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.partition("</form>")[0]))
        self._do("reply", **{**{k: html.unescape(v) for k, v in fields.items()}, "text": text})

    def sees_undelivered(self) -> str:
        """Return what the page of messages that did not arrive says."""
        return text_of(self._get("/console/dead-letters?lang=zh-CN"))

    def _do(self, action: str, **fields: str) -> None:
        answer = self._send(f"/console/conversations/{self.conversation}/{action}", **fields)
        assert answer.status_code == httpx.codes.OK, text_of(answer)[:400]

    def _get(self, path: str) -> httpx.Response:
        self.page = self.http.get(path)
        return self.page

    def _send(self, path: str, **fields: str) -> httpx.Response:
        origin = str(self.http.base_url).rstrip("/")
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        data = {"csrf": hidden(self.page, "csrf"), **fields}
        self.page = self.http.post(path, data=data, headers=headers)
        return self.page
