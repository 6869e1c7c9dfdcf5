"""The yardstick: the same HTTP server with a handler that reads JSON and gives it back."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def echo(request: Request) -> JSONResponse:
    """Give back what came."""
    return JSONResponse(await request.json())


def main() -> None:
    """Serve on the port given, as `daoyi serve` does."""
    app = Starlette(routes=[Route("/echo", echo, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
