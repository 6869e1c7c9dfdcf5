"""Say of each JSON line what is wrong with it to aiogram: {"what", "method", "data"}.

`what` is "update", "call" (parameters of a method) or "result" (of a method). It runs in an environment
of its own (aiogram.lock): aiogram and we need different pydantics.
"""

import json
import sys
from typing import Any

import aiogram.methods
from aiogram.types import Update
from pydantic import TypeAdapter, ValidationError

METHODS = {name.lower(): getattr(aiogram.methods, name) for name in aiogram.methods.__all__}


def check(item: dict[str, Any]) -> str:
    """Return what is wrong, without the data; empty where nothing is."""
    data = item["data"]
    try:
        if item["what"] == "update":
            Update.model_validate(data)
            return ""
        method = METHODS[item["method"].lower()]
        if item["what"] == "result":
            TypeAdapter(method.__returning__).validate_python(data)
            return ""
        if unknown := set(data) - set(method.model_fields):
            return f"unknown parameters: {sorted(unknown)}"
        method.model_validate(data)
    except KeyError:
        return "unknown method"
    except ValidationError as exc:
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in exc.errors())
    return ""


for line in sys.stdin:
    sys.stdout.write(json.dumps(check(json.loads(line))) + "\n")
    sys.stdout.flush()
