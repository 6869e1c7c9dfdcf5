"""What a matcher learnt, as plain arrays: learning a large catalog takes seconds, loading it none.

Pure: whoever has a folder (`bot.dialogue.learning`) keeps the arrays there, by the catalog's version.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


def text_array(data: object) -> NDArray[np.uint8]:
    """Return JSON as an array of bytes."""
    return np.frombuffer(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"), np.uint8)


def from_text_array(array: NDArray[np.uint8]) -> Any:
    """Return what `text_array` was made of."""
    return json.loads(array.tobytes())


def prefixed(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return the arrays with their names prefixed, to stand among others."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def under(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names start with the prefix, without it."""
    return {
        name.removeprefix(f"{prefix}."): array
        for name, array in arrays.items()
        if name.startswith(f"{prefix}.")
    }
