"""`daoyi intents eval`, `daoyi safety eval`, `daoyi bench`: measure, in the open."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.commands.context import Json, fail, settings_of, show
from bot.errors import DaoyiError

intents = typer.Typer(help="How well questions are understood.", no_args_is_help=True)
safety = typer.Typer(help="How well emergencies are recognised.", no_args_is_help=True)
bench = typer.Typer(
    help="How fast it is, beside a yardstick in the same run.", no_args_is_help=True
)

_Predictions = Annotated[
    Path | None, typer.Option(help="Write one JSON line a row: what was expected, what was said.")
]
_FIGURES = (
    "top1", "top3", "auroc", "usable", "precision", "helped", "coverage_at_p95", "threshold",
    "p50_ms", "p99_ms", "load_s", "rss_mb", "questions",
)  # fmt: skip


@intents.command("learn")
def learn_intents(context: typer.Context) -> None:
    """Learn this hospital's questions ahead of time; a server does it by itself, while it answers."""
    from bot.dialogue.learning import learnt_folder, matcher_for  # noqa: PLC0415
    from intents.catalog import CatalogError, load_catalog  # noqa: PLC0415

    try:
        catalog = load_catalog(settings_of(context).content_folder)
    except (CatalogError, DaoyiError) as exc:
        fail(str(exc))
    matcher_for(catalog, learnt_folder())
    typer.echo(f"Learnt {len(catalog.examples())} questions.")


@intents.command("eval")
def eval_intents(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds catalog.jsonl and questions.jsonl.")],
    catalog: Annotated[
        str, typer.Option(help='"own": the folder\'s; "built-in": this hospital\'s content.')
    ] = "own",
    characters: Annotated[
        bool, typer.Option("--characters", help="Without the model, by characters alone.")
    ] = False,
    as_json: Json = False,
    predictions: _Predictions = None,
) -> None:
    """Learn a catalog, ask its questions, print how well that went at the shipped threshold."""
    from bot.dialogue.learning import encoder_in, learnt_folder  # noqa: PLC0415
    from intents.catalog import CatalogError, load_catalog  # noqa: PLC0415  (keeps `--help` quick)
    from intents.evaluate import RowsError, evaluate, read_catalog, read_questions  # noqa: PLC0415

    if catalog not in ("own", "built-in"):
        fail(f"--catalog: '{catalog}' is not known (expected own or built-in)")
    try:
        rows = (
            load_catalog(settings_of(context).content_folder).examples()
            if catalog == "built-in"
            else read_catalog(folder / "catalog.jsonl")
        )
        encoder = None if characters else encoder_in(learnt_folder())
        report = evaluate(rows, read_questions(folder / "questions.jsonl"), encoder=encoder)
    except (RowsError, CatalogError, DaoyiError) as exc:
        fail(str(exc))
    if predictions:
        _write(predictions, [asdict(row) for row in report.predictions])
    figures = {name: _rounded(getattr(report, name)) for name in _FIGURES}
    if as_json:
        show(figures)
    else:
        _table(str(folder), figures)


@safety.command("eval")
def eval_safety(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Rows: text, lang, emergency, kind, source.")],
    as_json: Json = False,
    predictions: _Predictions = None,
) -> None:
    """Check labelled messages for red flags; print recall, false alarms and time."""
    from intents.safety import SafetyDataError, evaluate, read_rows  # noqa: PLC0415
    from intents.urgent import UrgentError, load_red_flags  # noqa: PLC0415

    try:
        rows = read_rows(file)
        report = evaluate(rows, load_red_flags(settings_of(context).content_folder).check)
    except (SafetyDataError, UrgentError, DaoyiError) as exc:
        fail(str(exc))
    if predictions:
        _write(predictions, [_predicted(row) for row in report.predictions])
    figures = {
        name: _rounded(value) for name, value in asdict(report).items() if name != "predictions"
    }
    if as_json:
        show(figures)
    else:
        _table(str(file), figures)


def _predicted(row: Any) -> dict[str, Any]:
    return {**asdict(row.row), "alarm": row.alarm, "right": row.right}


@bench.command()
def turns(
    context: typer.Context,
    questions: Annotated[
        Path, typer.Argument(help="Folder of question sets (questions.jsonl each).")
    ],
    messages: Annotated[int, typer.Option(min=100, help="How many messages.")] = 5_000,
    patients: Annotated[int, typer.Option(min=1, help="How many patients at once.")] = 50,
    as_json: Json = False,
) -> None:
    """Drive a real server over HTTP with real questions, beside a bare echo and the bare database."""
    from bench.turns import BenchError, run  # noqa: PLC0415  (only when asked)

    try:
        result = run(context.obj.config, questions, messages=messages, patients=patients)
    except BenchError as exc:
        fail(str(exc))
    if as_json:
        show(result)
    else:
        _table("turns over HTTP", result)


@bench.command()
def wechat(
    context: typer.Context,
    questions: Annotated[
        Path, typer.Argument(help="Folder of question sets (questions.jsonl each).")
    ],
    messages: Annotated[int, typer.Option(min=100, help="How many messages.")] = 1_000,
    patients: Annotated[int, typer.Option(min=1, help="How many patients at once.")] = 20,
    plain: Annotated[bool, typer.Option(help="Plain mode in place of the secure one.")] = False,
    as_json: Json = False,
) -> None:
    """Post signed WeChat messages to a real server, beside a bare wechatpy that parses and echoes."""
    from bench.wechat import BenchError, run  # noqa: PLC0415  (only when asked)

    mode = "plain" if plain else "secure"
    try:
        result = run(settings_of(context), questions, messages, patients, mode)
    except (BenchError, DaoyiError) as exc:
        fail(str(exc))
    if as_json:
        show(result)
    else:
        _table("signed WeChat messages over HTTP", result)


@bench.command()
def dates(
    compare: Annotated[
        bool, typer.Option(help="Read them with jionlp and dateparser too, where installed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read every date phrase of ours; fails if one is acted on wrongly."""
    from bench.dates import PhrasesError, figures, run, told  # noqa: PLC0415  (only when asked)
    from bench.dates_compare import others  # noqa: PLC0415

    try:
        result = figures() | ({"others": others()} if compare else {})
        if as_json:
            show(result)
        else:
            told(run())
            _table("date phrases", result)
    except PhrasesError as exc:
        fail(str(exc))
    if result["wrong_acted_on"]:
        raise typer.Exit(1)


@bench.command()
def booking(
    context: typer.Context,
    patients: Annotated[int, typer.Option(min=1, help="How many patients want a place.")] = 200,
    slots: Annotated[int, typer.Option(min=1, help="How many places there are.")] = 1,
    processes: Annotated[int, typer.Option(min=1, help="How many share one database.")] = 1,
    at_once: Annotated[int, typer.Option(min=1, help="Patients a process serves at a time.")] = 200,
    store: Annotated[
        str, typer.Option(help="sqlite, or postgresql: DAOYI_DATABASE_URL's server or our own.")
    ] = "sqlite",
    as_json: Json = False,
) -> None:
    """Let patients race for places through the whole chat, beside the same race on bare SQL."""
    from bench.booking import BenchError, run  # noqa: PLC0415  (only when asked)

    if store not in ("sqlite", "postgresql"):
        fail(f"--store: '{store}' is not known (expected sqlite or postgresql)")
    try:
        result = run(
            context.obj.config, patients=patients, slots=slots, processes=processes,
            at_once=at_once, store=store, url=os.environ.get("DAOYI_DATABASE_URL", ""),
        )  # fmt: skip
    except (BenchError, DaoyiError) as exc:
        fail(str(exc))
    if as_json:
        show(result)
    else:
        _table("the rush", result)


@bench.command()
def reminders(
    context: typer.Context,
    pending: Annotated[int, typer.Option(min=0, help="How many wait for later.")] = 2_000_000,
    due: Annotated[int, typer.Option(min=100, help="How many are due at one instant.")] = 20_000,
    versus: Annotated[str, typer.Option(help='"apscheduler", or "none".')] = "apscheduler",
    as_json: Json = False,
) -> None:
    """Send what is due into a channel of nowhere, beside APScheduler and bare SQL."""
    from bench.reminders import BenchError, run  # noqa: PLC0415  (only when asked)

    if versus not in ("apscheduler", "none"):
        fail(f"--versus: '{versus}' is not known (expected apscheduler or none)")
    beside = versus if versus == "apscheduler" else ""
    with Console(stderr=True).status("reminders") as status:
        try:
            result = run(
                context.obj.config, pending=pending, due=due, versus=beside, told=status.update
            )
        except (BenchError, DaoyiError) as exc:
            fail(str(exc))
    if as_json:
        show(result)
    else:
        _table("reminders", result)


@bench.command()
def burst(
    context: typer.Context,
    due: Annotated[int, typer.Option(min=100, help="How many are due at one instant.")] = 100_000,
    as_json: Json = False,
) -> None:
    """Let very many reminders be due at one instant while patients chat with a real server."""
    from bench.burst import BenchError, run  # noqa: PLC0415  (only when asked)

    with Console(stderr=True).status("burst") as status:
        try:
            result = run(context.obj.config, due=due, told=status.update)
        except (BenchError, DaoyiError) as exc:
            fail(str(exc))
    if as_json:
        show(result)
    else:
        _table("a burst of reminders", result)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    try:
        path.write_text("".join(lines), "utf-8")
    except OSError as exc:
        fail(f"{path}: cannot be written ({exc.strerror})")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value


def _table(title: str, figures: dict[str, Any]) -> None:
    table = Table(title=title, show_header=False)
    for name, value in figures.items():
        told = (
            ", ".join(f"{k} {v}" for k, v in value.items())
            if isinstance(value, dict)
            else str(value)
        )
        table.add_row(name, told)
    Console().print(table)
