"""Reading an account's section of config.toml: unknown keys and wrong kinds are named, with the file."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_origin, get_type_hints

from bot.errors import SettingsError

T = TypeVar("T")

_KINDS: Mapping[Any, str] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: 'a section of names, such as { visit_reminder = "…" }',
    tuple: "a list",
}


def read_options(options: type[T], config: Mapping[str, Any], where: str) -> T:
    """Return `config` as the dataclass `options`; a field without a default must be there.

    Raises:
        SettingsError: names `where`, the key and what is expected.
    """
    types = get_type_hints(options)
    known = {entry.name: entry for entry in fields(options)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in config.items():
        if key not in known:
            raise SettingsError(
                f"{where}.{key} is not a known key (expected one of {', '.join(known)})"
            )
        values[key] = _value(value, types[key], f"{where}.{key}")
    for name, entry in known.items():
        needed = entry.default is MISSING and entry.default_factory is MISSING
        if needed and name not in values:
            raise SettingsError(f"{where}.{name} is missing (expected {_expected(types[name])})")
    return options(**values)


def _value(value: Any, wanted: Any, where: str) -> Any:
    kind = get_origin(wanted) or wanted
    if kind is Mapping or (isinstance(kind, type) and issubclass(kind, Mapping)):
        kind = dict
    if kind is float and type(value) is int:
        value = float(value)
    if kind is tuple and isinstance(value, list):
        value = tuple(value)
    if type(value) is not kind:
        raise SettingsError(f"{where} must be {_expected(wanted)}")
    return value


def _expected(wanted: Any) -> str:
    return _KINDS.get(get_origin(wanted) or wanted, _KINDS[dict])


def secret(secrets: Mapping[str, str], name: str, where: str, variable: str) -> str:
    """Return a secret from the environment.

    Args:
        variable: what the variable is called, for the message.

    Raises:
        SettingsError: it is not set; names the variable, never a value.
    """
    value = secrets.get(name, "").strip()
    if not value:
        raise SettingsError(f"{where}: the environment variable {variable} is not set")
    return value
