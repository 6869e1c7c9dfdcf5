"""Signed WeChat messages over HTTP, each with its passive reply, beside a bare wechatpy that echoes.

Measured is `daoyi serve` itself: signature, decryption, XML, stored durably, understood, answered,
sealed. The messages are signed before the clock runs. Both run on this machine one after another:
read the ratio.
"""

import asyncio
import json
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from bench.client import Connection
from bench.servers import BenchError, daoyi, server
from bench.standins.wechat import APP_ID, Wechat
from bot.settings import Settings

__all__ = ["BenchError", "run"]

_ACCOUNT = "bench"
#: Few patients ask more than this in one sitting; after two misses a person would hold the talk.
_SESSION_MESSAGES = 2

Post = tuple[str, str, bytes]


def run(
    settings: Settings, folder: Path, messages: int, patients: int, mode: str
) -> dict[str, Any]:
    """Run both and return the figures. Raises `BenchError`."""
    questions = _questions(folder)
    platform = Wechat("", "http://127.0.0.1:9", mode=mode)
    hidden = platform.account[1]
    echo = ("-m", "bench.wechat_echo", mode, hidden["token"], hidden["aes_key"], APP_ID, "PORT")
    given = {f"DAOYI_WECHAT_{_ACCOUNT.upper()}_{name.upper()}": v for name, v in hidden.items()}
    with tempfile.TemporaryDirectory(prefix="daoyi-bench-") as scratch:
        with server(*echo) as port:
            asyncio.run(_drive(port, "/echo", _posts(platform, questions, messages // 5), patients))
            bare = asyncio.run(
                _drive(port, "/echo", _posts(platform, questions, messages), patients)
            )
        config = _config(settings, Path(scratch), mode)
        path = f"/hooks/wechat/{_ACCOUNT}"
        with server(*daoyi(config, Path(scratch) / "serve"), secrets=given) as port:
            asyncio.run(_drive(port, path, _posts(platform, questions, messages // 5), patients))
            posts = _posts(platform, questions, messages)
            full = asyncio.run(_drive(port, path, posts, patients))
    return {
        "mode": mode,
        "messages": messages,
        "patients": patients,
        "messages_per_s": full["per_s"],
        "p50_ms": full["p50_ms"],
        "p99_ms": full["p99_ms"],
        "passive_replies": _replies(platform, posts, full["answers"]),
        "not_ok": full["not_ok"],
        "wechatpy_echo_per_s": bare["per_s"],
        "wechatpy_echo_p99_ms": bare["p99_ms"],
        "wechatpy_echo_not_ok": bare["not_ok"],
        "messages_to_echo": round(full["per_s"] / bare["per_s"], 3),
    }


def _questions(folder: Path) -> list[str]:
    """Return questions that WeChat could carry and that are no emergencies of a broken line."""
    found = [
        str(json.loads(line)["text"]).strip()
        for file in sorted(folder.glob("*/questions.jsonl"))
        for line in file.read_text("utf-8").splitlines()
        if line
    ]
    texts = [text for text in found if text and text.isprintable() and len(text) < 500]
    if not texts:
        raise BenchError(f"{folder}: holds no */questions.jsonl")
    return texts


def _config(settings: Settings, folder: Path, mode: str) -> Path:
    """Write a configuration with one account beside the hospital's own content."""
    file = folder / "config.toml"
    file.write_text(
        f"[hospital]\nlocale = {json.dumps(settings.hospital.locale)}\n"
        f"language = {json.dumps(settings.hospital.language)}\n"
        f"[content]\nfolder = {json.dumps(str(settings.content_folder))}\n"
        f"templates = {json.dumps(str(settings.templates))}\n"
        f'[channels.wechat.{_ACCOUNT}]\napp_id = "{APP_ID}"\nmode = "{mode}"\n'
        'api_base_url = "http://127.0.0.1:9"\n',
        "utf-8",
    )
    return file


def _posts(platform: Wechat, questions: Sequence[str], messages: int) -> list[Post]:
    """Return signed messages: (patient, query, body)."""
    sitting, made = secrets.token_hex(4), []
    for number in range(messages):
        user = f"o{sitting}-{number // _SESSION_MESSAGES}"
        fields = {"MsgType": "text", "Content": questions[number % len(questions)]}
        query, body = platform.request(user, platform.xml(user, fields))
        made.append((user, urlencode(query), body))
    return made


async def _drive(port: int, path: str, posts: Sequence[Post], patients: int) -> dict[str, Any]:
    """Post everything, each patient one message after another."""
    answers: list[bytes] = [b""] * len(posts)
    times: list[float] = []
    not_ok = 0

    async def patient(first: int) -> None:
        nonlocal not_ok
        async with Connection("127.0.0.1", port) as connection:
            for start in range(first, len(posts), patients * _SESSION_MESSAGES):
                for place in range(start, min(start + _SESSION_MESSAGES, len(posts))):
                    _, query, body = posts[place]
                    status, answer, seconds = await connection.send(
                        f"{path}?{query}", body, "text/xml"
                    )
                    times.append(seconds)
                    answers[place] = answer
                    not_ok += status != 200

    started = perf_counter()
    await asyncio.gather(*(patient(n * _SESSION_MESSAGES) for n in range(patients)))
    seconds = perf_counter() - started
    percentile = quantiles(times, n=100)
    return {
        "per_s": round(len(posts) / seconds, 1),
        "p50_ms": round(percentile[49] * 1000, 1),
        "p99_ms": round(percentile[98] * 1000, 1),
        "not_ok": not_ok,
        "answers": answers,
    }


def _replies(platform: Wechat, posts: Sequence[Post], answers: Sequence[bytes]) -> int:
    """Return how many answers are replies that the platform can open and show."""
    read = 0
    for (user, _, _), answer in zip(posts, answers, strict=True):
        try:
            read += bool(platform.reply(user, answer))
        except Exception:  # noqa: BLE001, S112  (whatever the platform cannot show is no reply)
            continue
    return read
