"""Files of a content folder that a hospital may leave out."""

import tomllib
from pathlib import Path
from typing import Any

from bot.errors import StartError


def tables_of(path: Path) -> dict[str, Any] | None:
    """Return what a file of tables holds; None where there is none.

    Raises:
        StartError: names the file that cannot be read.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise StartError(f"{path}: cannot be read: {exc}") from exc
