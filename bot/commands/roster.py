"""`daoyi roster`: who is on clinic, and a doctor who is away (停诊); works beside a running server."""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from bot.commands.context import Data, Json, database, run, settings_of, show
from bot.commands.facts import DryRun, DryRunError, counted
from bot.settings import Settings

app = typer.Typer(help="Who is on clinic when, and who is away.", no_args_is_help=True)

_ACTOR = "daoyi roster"
_EVERYBODY = "*"
_NOTHING = "the roster says so; no clinic that is kept for booking had to change"


class Part(StrEnum):
    """A part of the day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


Doctor = Annotated[str, typer.Argument(help="A doctor's code or name; '*' for everybody.")]
_DAYS = ["%Y-%m-%d"]
When = Annotated[
    datetime, typer.Argument(metavar="DATE", formats=_DAYS, help="The day, e.g. 2026-11-25.")
]
WhenOrToday = Annotated[
    datetime | None,
    typer.Argument(metavar="[DATE]", formats=_DAYS, help="The day; today if none is named."),
]
PartOf = Annotated[Part | None, typer.Option("--part", help="Only this part of the day.")]


@app.command()
def stop(
    context: typer.Context,
    doctor: Doctor,
    day: When,
    part: PartOf = None,
    reason: Annotated[str, typer.Option(help="Told to patients, e.g. 外出会议.")] = "",
    dry_run: DryRun = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Stop a doctor's clinics of a day: no more bookings, every answer changes, all booked are told."""

    def change(tx: Any, now: datetime, settings: Settings) -> dict[str, Any]:
        from bot.hospital import roster, schedule  # noqa: PLC0415  (keeps `--help` quick)

        _publish(tx, settings, now, day.date())
        stopped = roster.stop(tx, _who(doctor), day.date(), part, reason, now, _ACTOR)
        return {"clinics": stopped, "visits_lost": schedule.lost_visits(tx, now)}

    done = _change(context, data, change, dry_run=dry_run)
    if as_json:
        show({"dry_run": dry_run, "date": day.date(), **done})
        return
    if not done["clinics"]:
        typer.echo(_NOTHING)
        return
    would, told = ("would stop", "would be") if dry_run else ("stopped", "will be")
    clinics = counted(len(done["clinics"]), "clinic")
    typer.echo(f"{would} {clinics}; {counted(done['visits_lost'], 'booked visit')} {told} told")


@app.command()
def resume(
    context: typer.Context,
    doctor: Doctor,
    day: When,
    part: PartOf = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Let stopped clinics be held after all; visits that were cancelled meanwhile stay cancelled."""

    def change(tx: Any, now: datetime, settings: Settings) -> dict[str, Any]:
        from bot.hospital import roster  # noqa: PLC0415  (keeps `--help` quick)

        _publish(tx, settings, now, day.date())
        return {"clinics": roster.resume(tx, _who(doctor), day.date(), part, now, _ACTOR)}

    done = _change(context, data, change, dry_run=dry_run)
    if as_json:
        show({"dry_run": dry_run, "date": day.date(), **done})
        return
    would = "would resume" if dry_run else "resumed"
    clinics = counted(len(done["clinics"]), "clinic")
    typer.echo(f"{would} {clinics}" if done["clinics"] else _NOTHING)


@app.command("show")
def show_day(
    context: typer.Context,
    day: WhenOrToday = None,
    department: Annotated[str, typer.Option(help="Only this department, by code or name.")] = "",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show the clinics of a day (today if none is named), with places and what is taken of them."""

    async def work() -> None:
        from bot.app import system_clock  # noqa: PLC0415  (keeps `--help` quick)
        from bot.hospital.day_list import day_list  # noqa: PLC0415
        from bot.hospital.live import load_facts  # noqa: PLC0415
        from bot.hospital.planning import planned_list  # noqa: PLC0415

        settings = settings_of(context, data)
        wanted = day.date() if day else system_clock().astimezone(settings.zone).date()
        async with database(settings) as engine:
            clinics = await engine.read(lambda tx: day_list(tx, wanted))
            facts = None if clinics else await load_facts(engine)
        if facts is not None:
            clinics = planned_list(facts, wanted, settings.booking, settings.zone)
        names = ("department", "department_name", "department_name_en")
        clinics = [
            clinic
            for clinic in clinics
            if not department
            or department.casefold() in [clinic[name].casefold() for name in names]
        ]
        if as_json:
            show({"date": wanted, "clinics": clinics})
            return
        typer.echo("\n".join(map(_line, clinics)) or f"no clinics on {wanted}")

    run(work)


def _line(clinic: dict[str, Any]) -> str:
    """Return one clinic as one line."""
    pools = ", ".join(
        f"{pool} {held['taken']}/{held['places']}"
        for pool, held in clinic["pools"].items()
        if held["places"] or held["taken"]
    )
    state = "on" if clinic["status"] == "on" else f"stopped ({clinic['reason'] or 'no reason'})"
    return "  ".join(
        (
            clinic["part"], clinic["department_name"], clinic["doctor_name"], clinic["doctor"],
            clinic["room"], f"¥{clinic['fee']}", pools or "no places", state,
        )
    )  # fmt: skip


def _who(doctor: str) -> str | None:
    return None if doctor.strip() == _EVERYBODY else doctor


def _publish(tx: Any, settings: Settings, now: datetime, day: date) -> None:
    """Bring one day up to date first, where it is near enough to be kept."""
    from bot.hospital import schedule, service  # noqa: PLC0415

    with tx.session() as session:
        facts = service.load(session)
    if facts and day in schedule.days_ahead(tx, settings.booking, settings.zone, now):
        schedule.publish(tx, facts, settings.booking, settings.zone, now, days=(day,))


def _change(
    context: typer.Context,
    data: Any,
    change: Callable[[Any, datetime, Settings], dict[str, Any]],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Make one change in a transaction of its own; or try it and undo it."""

    async def work() -> dict[str, Any]:
        from bot.app import system_clock  # noqa: PLC0415

        settings = settings_of(context, data)

        def store(tx: Any) -> dict[str, Any]:
            done = change(tx, system_clock(), settings)
            if dry_run:
                raise DryRunError(done)
            return done

        async with database(settings) as engine:
            try:
                return dict(await engine.write(store))
            except DryRunError as dry:
                return dict(dry.told)

    return run(work)
