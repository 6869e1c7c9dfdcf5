"""The operators' interface: JSON under /api/v1, for the hospital's own programs (`docs/his.md`)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.api.clinics import mount_clinics
from bot.api.desk import REFUSALS, Api, WrongRows
from bot.api.guard import Guard, guarded
from bot.api.plans import mount_plans
from bot.api.visits import mount_visits
from bot.edge import REFUSED

PREFIX = "/api/v1"
#: Only tells OpenAPI how the key is shown; `Guard` has looked at it before.
_bearer = HTTPBearer(auto_error=False, scheme_name="operator key")


def _shown(_: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
    """Let OpenAPI know that a key is needed."""


def mount_api(app: FastAPI, api: Api) -> None:
    """Add the operators' routes to `app`."""
    router = APIRouter(
        prefix=PREFIX, tags=["operators"], route_class=guarded(Guard(api.key)),
        dependencies=[Depends(_shown)], responses=REFUSALS,
    )  # fmt: skip
    mount_clinics(router, api)
    mount_visits(router, api)
    mount_plans(router, api)
    app.include_router(router)
    app.add_exception_handler(WrongRows, _wrong_rows)


async def _wrong_rows(_request: Request, exc: Exception) -> JSONResponse:
    problems: Any = exc.problems if isinstance(exc, WrongRows) else ()
    REFUSED.labels(reason="422").inc()
    return JSONResponse({"error": str(exc), "problems": list(problems)}, 422)
