"""The yardstick of signed messages: wechatpy checks, parses and echoes them, and nothing else."""

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from wechatpy.crypto import WeChatCrypto
from wechatpy.parser import parse_message
from wechatpy.replies import TextReply
from wechatpy.utils import check_signature


def app(mode: str, token: str, aes_key: str, app_id: str) -> Starlette:
    """Return an application that says back what it was told."""
    crypto: Any = WeChatCrypto(token, aes_key, app_id)

    async def echo(request: Request) -> Response:
        query, body = request.query_params, await request.body()
        stamp, nonce = query["timestamp"], query["nonce"]
        if mode == "plain":
            check_signature(token, query["signature"], stamp, nonce)
        else:
            body = crypto.decrypt_message(body, query["msg_signature"], stamp, nonce)
        message = parse_message(body)
        reply = TextReply(message=message, content=message.content).render()
        if mode != "plain":
            reply = crypto.encrypt_message(reply, nonce, stamp)
        return Response(reply, media_type="application/xml")

    return Starlette(routes=[Route("/echo", echo, methods=["POST"])])


def main() -> None:
    """Serve on the port given last, as `daoyi serve` does."""
    mode, token, aes_key, app_id, port = sys.argv[1:]
    served = app(mode, token, aes_key, app_id)
    uvicorn.run(served, host="127.0.0.1", port=int(port), log_config=None, access_log=False)


if __name__ == "__main__":
    main()
