"""The `daoyi` command. `daoyi --config FILE SUBCOMMAND …`; every subcommand has `--help`."""

import os

# One thread of linear algebra: more of them cost more than they gain beside a busy server. Set before
# anything loads numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path
from typing import Annotated

import typer

from bot.commands import (
    challenge,
    channels,
    content,
    data,
    doctor,
    evaluate,
    exports,
    facts,
    fuzz,
    plans,
    queue,
    roster,
    safety,
    serve,
    simulate,
    talk,
)
from bot.commands.context import DEFAULT_CONFIG, Options

app = typer.Typer(
    name="daoyi",
    help="导医: answers a hospital's patients, and passes on what a person should answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[Path, typer.Option(help="Settings file.")] = DEFAULT_CONFIG,
) -> None:
    """Read what stands before the subcommand."""
    context.obj = Options(config)


app.command()(serve.serve)
app.command()(talk.chat)
app.command()(talk.ask)
app.command()(doctor.doctor)
app.add_typer(channels.app, name="channels")
app.add_typer(content.app, name="content")
app.add_typer(evaluate.intents, name="intents")
evaluate.intents.command("challenge")(challenge.challenge)
evaluate.safety.command("fuzz")(fuzz.fuzz)
evaluate.safety.command("report")(safety.report)
app.add_typer(evaluate.safety, name="safety")
app.add_typer(evaluate.bench, name="bench")
app.add_typer(data.staff, name="staff")
app.add_typer(facts.imports, name="import")
facts.imports.command("queue")(queue.queue_file)
plans.mount_imports(facts.imports)
app.add_typer(exports.app, name="export")
app.add_typer(roster.app, name="roster")
app.add_typer(data.keys, name="keys")
app.command("init-db")(data.init_db)
app.command()(simulate.simulate)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
