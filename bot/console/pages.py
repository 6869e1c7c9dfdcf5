"""Pages: templates with words, the headers every answer carries, and errors a person can read."""

import traceback
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.console.desk import Console, NeedsReason, Problem, SignInFirst
from bot.console.times import clock_time, waited
from bot.console.words import LANGUAGE_COOKIE, LANGUAGES, Words, chosen, load_words
from bot.errors import BadInput, StoreError

log = structlog.get_logger()

SIGN_IN = "/console/login"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    # "no-referrer" would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_YEAR = 365 * 24 * 3600


class Pages:
    """Renders `templates/console`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._words = load_words(console.assets / "words")

    def words(self, request: Request) -> Words:
        """Return the words in the language of whoever asks."""
        return self._words[chosen(request, self._console.language)]

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """Return a page in the language of whoever asks; a language asked for is remembered."""
        words = self.words(request)
        now = self._console.clock()
        html = self._console.templates.get_template(f"console/{template}.html.j2").render(
            t=words,
            lang=words.lang,
            languages=LANGUAGES,
            here=request.url.path if request.method == "GET" else "/console",
            hospital_name=self._console.hospital.info(words.lang)["name"],
            signed=getattr(request.state, "signed", None),
            to_ring=getattr(request.state, "to_ring", 0),
            now=now,
            when=self._when(words, now),
            since=lambda at: waited(at, now, words),
            reason_of=lambda reason: self._reason(words, reason),
            **values,
        )
        response = HTMLResponse(html, status, headers)
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE, words.lang, max_age=_YEAR, path="/console", httponly=True
            )
        return response

    def problem(self, request: Request, exc: BadInput) -> HTMLResponse:
        """Return the page that says what was refused, and what may be done next."""
        if isinstance(exc, NeedsReason):
            return self.render(request, "break_glass", status=exc.status, opens=exc.opens)
        words = self.words(request)
        if isinstance(exc, Problem):
            sentence = words(f"error.{exc.key}", **exc.values)
        else:
            sentence = words.sentence(str(exc), exc.status)
        headers = {"Retry-After": str(exc.retry_after)} if exc.retry_after else None
        return self.render(
            request,
            "problem",
            status=exc.status,
            headers=headers,
            sentence=sentence,
            code=exc.status,
        )

    def _when(self, words: Words, now: datetime) -> Callable[[datetime], str]:
        return lambda at: clock_time(at, now, self._console.zone, words)

    def _reason(self, words: Words, reason: str) -> str:
        """Return why a case was opened: a word of ours, or the title of a question."""
        try:
            return self._console.wording.title(reason, words.lang)
        except KeyError:
            return words.name_of("reason", reason)


def route_class(pages: Pages) -> type[APIRoute]:
    """Return the route of every console page: never a traceback, the same headers everywhere."""

    class ConsoleRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    response = await answer(request)
                except Exception as exc:  # noqa: BLE001  (staff get a page, whatever happened)
                    response = _failed(pages, request, exc)
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
                return response

            return handle

    return ConsoleRoute


def _failed(pages: Pages, request: Request, exc: Exception) -> Response:
    if isinstance(exc, SignInFirst) and exc.wanted is not None:
        back = f"?next={exc.wanted}" if exc.wanted else ""
        return RedirectResponse(SIGN_IN + back, 303)
    if isinstance(exc, BadInput):
        return pages.problem(request, exc)
    if isinstance(exc, StoreError):
        return pages.problem(request, Problem("store", 503, retry_after=1))
    if isinstance(exc, RequestValidationError):
        return pages.problem(request, Problem("no_page", 404))
    if isinstance(exc, HTTPException):
        return pages.problem(request, Problem("no_page", exc.status_code))
    place = traceback.extract_tb(exc.__traceback__)[-1]
    log.error("console.failed", error=type(exc).__name__, where=f"{place.name}:{place.lineno}")
    return pages.problem(request, Problem("unexpected", 500))
