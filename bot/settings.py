"""Settings: config.toml, the environment over it, frozen. An error names the key and the file."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.appointments.his.options import SHORTEST_KEY, HisOptions, check_his
from bot.appointments.options import BookingOptions, check_booking
from bot.channels.options import read_options
from bot.errors import SettingsError
from bot.handoff.rules import Hours, hours_from

_LOCALES = ["CN", "HK", "MO", "TW", "US", "CA", "GB", "IE", "AU", "NZ", "JP", "SG", "IN", "EU"]
_ACCOUNT = re.compile("[a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server listens and keeps its data."""

    host: str = "127.0.0.1"
    port: int = 8200
    data: str = "data"
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """Which database, and where its keys are."""

    url: str = field(default="sqlite", repr=False)
    key_file: str = ""


@dataclass(frozen=True, slots=True)
class HospitalOptions:
    """Where the hospital is and how it speaks."""

    timezone: str = "Asia/Shanghai"
    locale: str = "CN"
    language: str = "zh-CN"
    demo: bool = True


@dataclass(frozen=True, slots=True)
class Content:
    """Where words are."""

    folder: str = "intents/content"
    templates: str = "templates"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one visitor may send."""

    flood: int = 300
    flood_seconds: int = 10


@dataclass(frozen=True, slots=True)
class Log:
    """How the process logs."""

    level: str = "info"
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """Which channel a person is reached by, the first that works."""

    fallback: tuple[str, ...] = ("wechat", "telegram", "sms", "webchat")


@dataclass(frozen=True, slots=True)
class Account:
    """One account of one channel, as config.toml and the environment give it; its channel reads it.

    Attributes:
        options: its section, `[channels.<channel>.<account>]`.
        secrets: `DAOYI_<CHANNEL>_<ACCOUNT>_<NAME>` of the environment, by lower-case name.
    """

    channel: str
    account: str
    options: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, with paths already resolved against the file's own folder."""

    file: Path
    server: Server
    store: Store
    hospital: HospitalOptions
    content: Content
    limits: Limits
    log: Log
    delivery: DeliveryOptions
    booking: BookingOptions
    his: HisOptions
    accounts: tuple[Account, ...]
    zone: ZoneInfo
    hours: Hours
    data: Path
    key_file: Path
    content_folder: Path
    templates: Path
    operator_key: str = field(default="", repr=False)
    his_key: str = field(default="", repr=False)


def load_settings(
    file: Path, environment: Mapping[str, str] = os.environ, *, data: Path | None = None
) -> Settings:
    """Read settings.

    Args:
        data: overrides the data folder; used as given.

    Raises:
        SettingsError: names the file, the key and what is expected.
    """
    raw = _read(file)
    hours = raw.pop("handoff", {})
    accounts = _accounts(file, raw.pop("channels", {}), environment)
    parts = {
        "server": Server, "store": Store, "hospital": HospitalOptions,
        "content": Content, "limits": Limits, "log": Log, "delivery": DeliveryOptions,
        "booking": BookingOptions, "his": HisOptions,
    }  # fmt: skip
    if unknown := set(raw) - set(parts):
        raise SettingsError(
            f"{file}: [{min(unknown)}] is not a known section "
            f"(expected {', '.join(parts)}, handoff, channels)"
        )
    made = {name: _part(file, name, part, raw.get(name, {})) for name, part in parts.items()}
    server, store, hospital, content = (
        made["server"],
        made["store"],
        made["hospital"],
        made["content"],
    )
    _check_words(file, made)
    check_booking(made["booking"], f"{file}: booking")
    operator_key, his_key = (
        environment.get(f"DAOYI_{name}_KEY", "") for name in ("OPERATOR", "HIS")
    )
    _check_operator(file, operator_key)
    check_his(made["his"], his_key, f"{file}: his")
    store = Store(environment.get("DAOYI_DATABASE_URL") or store.url, store.key_file)
    here = file.resolve().parent
    folder = data.resolve() if data else here / server.data
    key_file = environment.get("DAOYI_KEY_FILE") or store.key_file
    return Settings(
        file=file,
        server=server,
        store=store,
        hospital=hospital,
        content=content,
        limits=made["limits"],
        log=made["log"],
        delivery=made["delivery"],
        booking=made["booking"],
        his=made["his"],
        accounts=accounts,
        zone=ZoneInfo(hospital.timezone),
        hours=_hours(file, hours, ZoneInfo(hospital.timezone)),
        data=folder,
        key_file=here / key_file if key_file else folder / "keys.json",
        content_folder=here / content.folder,
        templates=here / content.templates,
        operator_key=operator_key,
        his_key=his_key,
    )


def _check_operator(file: Path, key: str) -> None:
    """Refuse a key that could be guessed; none switches the operators' interface off."""
    if key and len(key) < SHORTEST_KEY:
        raise SettingsError(
            f"{file}: DAOYI_OPERATOR_KEY must have {SHORTEST_KEY} characters or more"
        )


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as exc:
        raise SettingsError(f"{file}: there is no such file (expected a config.toml)") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{file}: cannot be read ({type(exc).__name__})") from exc
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{file}: is not valid TOML: {exc}") from exc


def _part(file: Path, name: str, part: type[Any], values: Any) -> Any:
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: {name} must be a section, written [{name}]")
    return read_options(part, values, f"{file}: {name}")


def _accounts(file: Path, section: Any, environment: Mapping[str, str]) -> tuple[Account, ...]:
    """Read `[channels.<channel>.<account>]` and the secrets of each account."""
    found = []
    if not isinstance(section, dict):
        raise SettingsError(f"{file}: channels must be sections, written [channels.sms.main]")
    for channel, accounts in section.items():
        where = f"{file}: channels.{channel}"
        if not isinstance(accounts, dict) or not all(
            isinstance(v, dict) for v in accounts.values()
        ):
            raise SettingsError(f"{where} must be sections, written [channels.{channel}.main]")
        for account, options in accounts.items():
            if not _ACCOUNT.fullmatch(account):
                raise SettingsError(
                    f"{where}.{account} is not a usable name (expected up to 40 of a-z, 0-9 and _)"
                )
            prefix = f"DAOYI_{channel}_{account}_".upper()
            secrets = {
                name.removeprefix(prefix).lower(): value
                for name, value in environment.items()
                if name.startswith(prefix)
            }
            found.append(Account(channel, account, options, secrets))
    return tuple(found)


def _check_words(file: Path, made: Mapping[str, Any]) -> None:
    hospital, server, limits, log = made["hospital"], made["server"], made["limits"], made["log"]
    checks = (
        ("server.port", 0 <= server.port <= 65_535, "a port from 1 to 65535"),  # noqa: PLR2004
        (
            "hospital.timezone",
            _is_zone(hospital.timezone),
            "an IANA time zone such as Asia/Shanghai",
        ),
        (
            "hospital.locale",
            hospital.locale in ("", *_LOCALES),
            "one of " + " ".join(_LOCALES) + ' or ""',
        ),
        ("hospital.language", hospital.language in ("zh-CN", "en"), '"zh-CN" or "en"'),
        (
            "server.public_url",
            not server.public_url or server.public_url.startswith(("http://", "https://")),
            "https://…, or nothing",
        ),
        ("limits.flood", limits.flood > 0, "a number above 0"),
        ("limits.flood_seconds", limits.flood_seconds > 0, "a number above 0"),
        (
            "log.level",
            log.level in ("debug", "info", "warning", "error"),
            "debug, info, warning or error",
        ),
        ("log.format", log.format in ("auto", "console", "json"), '"auto", "console" or "json"'),
    )
    for key, is_right, expected in checks:
        if not is_right:
            raise SettingsError(f"{file}: {key} is not usable (expected {expected})")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _hours(file: Path, section: Any, zone: ZoneInfo) -> Hours:
    if isinstance(section, dict) and (unknown := set(section) - {"hours"}):
        raise SettingsError(
            f"{file}: handoff.{min(unknown)} is not a known key (expected [handoff.hours])"
        )
    words = section.get("hours", {}) if isinstance(section, dict) else None
    if not isinstance(words, dict) or not all(isinstance(v, str) for v in words.values()):
        raise SettingsError(f'{file}: handoff.hours must hold days such as mon = "08:00-17:30"')
    try:
        return hours_from(words, zone)
    except ValueError as exc:
        raise SettingsError(f"{file}: handoff.hours: {exc}") from exc
