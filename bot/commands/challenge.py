"""`daoyi intents challenge`: messages as people really write them, phenomenon by phenomenon."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.commands.context import Json, fail, settings_of, show
from bot.errors import DaoyiError

#: The messages come with the checkout, beside the other cases.
_ROWS = Path(__file__).parents[2] / "tests" / "intents" / "challenge"
_Failures = Annotated[bool, typer.Option("--failures", help="Show what was not understood.")]


def challenge(
    context: typer.Context,
    folder: Annotated[Path, typer.Option(help="One TOML file a phenomenon.")] = _ROWS,
    failures: _Failures = False,
    as_json: Json = False,
) -> None:
    """Read hard messages with this hospital's content; print how many are understood."""
    from intents.challenge import ChallengeError  # noqa: PLC0415  (keeps `--help` quick)

    try:
        report = measured(settings_of(context), folder)
    except (ChallengeError, DaoyiError) as exc:
        fail(str(exc))
    if as_json:
        show(report)
    else:
        _tell(report, failures=failures)
    if report["below_floor"]:
        raise typer.Exit(1)


def measured(settings: Any, folder: Path) -> dict[str, Any]:
    """Play every row of a folder; return the figures and what failed, by phenomenon."""
    from datetime import datetime  # noqa: PLC0415

    from bot.app import read_content  # noqa: PLC0415
    from bot.dialogue.challenge import played  # noqa: PLC0415
    from bot.dialogue.learning import learnt_folder, matcher_for  # noqa: PLC0415
    from bot.dialogue.understand import Understander  # noqa: PLC0415
    from bot.hospital.files import DEMO, read_folder  # noqa: PLC0415
    from bot.hospital.live import LiveHospital  # noqa: PLC0415
    from intents.challenge import judge, read_challenge  # noqa: PLC0415

    content = read_content(settings)
    live = LiveHospital(read_folder(DEMO), 0, settings.booking)
    matcher = matcher_for(content.catalog, learnt_folder())
    reader = Understander(content.catalog, matcher, content.red_flags, live.vocabulary)
    now = datetime(2026, 11, 18, 10, tzinfo=settings.zone)
    judged = [
        judge(one, lambda row: played(row, reader, live.vocabulary(), now))
        for one in read_challenge(folder, content.catalog.intents)
    ]
    rows = sum(len(one.phenomenon.rows) for one in judged)
    passed = sum(one.passed for one in judged)
    return {
        "rows": rows,
        "passed": passed,
        "rate": round(passed / rows, 4),
        "below_floor": [one.phenomenon.name for one in judged if one.rate < one.phenomenon.floor],
        "phenomena": {one.phenomenon.name: _figures(one) for one in judged},
    }


def _figures(judged: Any) -> dict[str, Any]:
    return {
        "title": judged.phenomenon.title,
        "rows": len(judged.phenomenon.rows),
        "passed": judged.passed,
        "rate": round(judged.rate, 4),
        "floor": judged.phenomenon.floor,
        "failures": [
            {"say": list(row.say), "expected": dict(row.expected), "outcome": _shown(outcome)}
            for row, outcome in judged.failures
        ],
    }


def _shown(outcome: Any) -> dict[str, Any]:
    """Return what came of a row, without what is empty."""
    found = {name: getattr(outcome, name) for name in outcome.__slots__}
    return {name: value for name, value in found.items() if value not in (None, (), frozenset())}


def _tell(report: dict[str, Any], *, failures: bool) -> None:
    table = Table(title="messages as people write them")
    for heading in ("phenomenon", "rows", "understood", "share", "floor"):
        table.add_column(heading)
    for one in report["phenomena"].values():
        shares = (f"{one['rate']:.0%}", f"{one['floor']:.0%}")
        table.add_row(one["title"], str(one["rows"]), str(one["passed"]), *shares)
    table.add_row("all", str(report["rows"]), str(report["passed"]), f"{report['rate']:.1%}", "")
    Console().print(table)
    for name, one in report["phenomena"].items() if failures else ():
        for failed in one["failures"]:
            came = ", ".join(f"{key} {value}" for key, value in failed["outcome"].items())
            typer.echo(f"{name}: {' / '.join(failed['say'])}\n    expected {failed['expected']}")
            typer.echo(f"    came {came or 'nothing'}")
