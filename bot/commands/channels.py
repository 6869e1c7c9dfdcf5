"""`daoyi channels`: what is configured, reachable, missing, for every account of every platform."""

import asyncio
import re
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.channels.base import Channel, Checks, Finding, Tools
from bot.commands.context import Json, fail, run, settings_of, show
from bot.errors import DaoyiError
from bot.settings import Account, Settings

app = typer.Typer(help="The accounts on WeChat, Telegram and SMS.", no_args_is_help=True)

#: How long an account may take to answer, in seconds; all are asked side by side.
PATIENCE = 10.0
_NOT_SET = re.compile(r"the environment variable (\w+) is not set")
#: Stands for a secret that is missing, to see which others are: of a form that every channel reads.
_ANY_TOKEN, _ANY = "1:" + "x" * 41, "x" * 43
_BEGIN = (
    "no account is configured yet: the web chat works, and `daoyi serve` offers simulated phones at "
    "/phones (demo mode). To connect a platform, add a section such as [channels.telegram.main] to "
    "{file} and set its secrets, DAOYI_TELEGRAM_MAIN_TOKEN, in the environment."
)


@dataclass(slots=True)
class Looked:
    """What was found out about one account."""

    account: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether it can work."""
        return all(finding.ok for finding in self.findings)

    def add(self, what: str, sentence: str, *, ok: bool) -> None:
        """Note one thing."""
        self.findings.append(Finding(what, ok, sentence))


@app.command()
def check(context: typer.Context, as_json: Json = False) -> None:
    """Look at every account: its section, its secrets, its hook's address, whether the platform answers.

    Needs neither the database nor a running server, and sends nothing to a patient. The status is 1
    where anything is wrong.
    """
    try:
        settings = settings_of(context)
    except DaoyiError as exc:
        fail(str(exc))
    looked = run(lambda: _look_at_all(settings))
    begin = "" if looked else _BEGIN.format(file=settings.file)
    if as_json:
        show({"accounts": [_told(account) for account in looked], "begin": begin})
    elif begin:
        typer.echo(begin)
    else:
        _print(looked)
    if not all(account.ok for account in looked):
        raise typer.Exit(1)


def _told(looked: Looked) -> dict[str, Any]:
    findings = [asdict(finding) for finding in looked.findings]
    return {"account": looked.account, "ok": looked.ok, "findings": findings}


def _print(looked: list[Looked]) -> None:
    table = Table(title="Accounts")
    for heading in ("account", "what", "", "found"):
        table.add_column(heading, overflow="fold")
    for account in looked:
        for finding in account.findings:
            mark = Text("ok", "green") if finding.ok else Text("wrong", "red")
            table.add_row(account.account, finding.what, mark, Text(finding.sentence))
    Console().print(table)


async def _look_at_all(settings: Settings) -> list[Looked]:
    return list(await asyncio.gather(*(_look_at(settings, one) for one in settings.accounts)))


async def _look_at(settings: Settings, account: Account) -> Looked:
    """Look at one account; whatever is wrong is a finding, never an error."""
    looked = Looked(f"{account.channel}/{account.account}")
    channel = _opened(settings, account, looked)
    if channel is None:
        return looked
    _look_at_hook(settings, account, channel, looked)
    if not isinstance(channel, Checks):
        looked.add("platform", "cannot be asked whether it works", ok=True)
        return looked
    try:
        async with asyncio.timeout(PATIENCE):
            looked.findings += await channel.check()
    except TimeoutError:
        looked.add("platform", f"did not answer within {PATIENCE:.0f} seconds", ok=False)
    except Exception as exc:  # noqa: BLE001  (a platform's answer nobody thought of)
        looked.add("platform", f"cannot be asked ({type(exc).__name__})", ok=False)
    return looked


def _opened(settings: Settings, account: Account, looked: Looked) -> Channel | None:
    """Open an account, or note why it cannot be: a wrong option, every secret that is missing."""
    from bot.channels.opening import open_accounts  # noqa: PLC0415  (keeps `--help` quick)

    tools = partial(_tools, settings)
    missing: list[str] = []
    opened: dict[str, Channel] = {}
    secrets = dict(account.secrets)
    prefix = f"DAOYI_{account.channel}_{account.account}_".upper()
    while True:
        try:
            opened = open_accounts([replace(account, secrets=secrets)], settings.file, tools)
        except DaoyiError as exc:
            found = _NOT_SET.search(str(exc))
            if found is None or found[1] in missing:
                if not any(variable in str(exc) for variable in missing):
                    looked.add("configuration", str(exc), ok=False)
                break
            missing.append(found[1])
            name = found[1].removeprefix(prefix).lower()
            secrets[name] = _ANY_TOKEN if name == "token" else _ANY
        else:
            looked.add("configuration", "reads well", ok=True)
            break
    if missing:
        looked.add("secrets", f"not set in the environment: {', '.join(missing)}", ok=False)
        return None
    if opened:
        looked.add("secrets", "all are set", ok=True)
    return opened.get(looked.account)


def _tools(settings: Settings, where: str) -> Tools:
    from bot.app import system_clock  # noqa: PLC0415  (keeps `--help` quick)
    from bot.channels.menu import load_menu  # noqa: PLC0415

    first = settings.hospital.language
    languages = (first, *(lang for lang in ("zh-CN", "en") if lang != first))
    return Tools(
        system_clock,
        where,
        load_menu(settings.content_folder, languages, lambda _: True),
        settings.server.public_url.rstrip("/"),
        region=settings.hospital.locale or "CN",
    )


def _look_at_hook(settings: Settings, account: Account, channel: Channel, looked: Looked) -> None:
    """Say where the platform must post; a bot that polls is posted nothing."""
    if account.channel == "telegram" and account.options.get("mode", "polling") == "polling":
        looked.add("address", "none is needed: this bot is asked for its messages", ok=True)
        return
    provider = getattr(channel, "provider", "")
    path = "/".join(part for part in ("", "hooks", account.channel, provider, account.account))
    path = path.replace("//", "/")
    url = settings.server.public_url.rstrip("/")
    if url:
        looked.add("address", f"enter {url}{path} at the platform", ok=True)
    else:
        looked.add(
            "address",
            f"server.public_url is empty: set it to where the platform reaches this server; the "
            f"address to enter there ends in {path}",
            ok=False,
        )
