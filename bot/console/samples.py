"""What previews of reminders mention: an example of each thing, nobody's."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.reminders.kinds import Kind


def of(kind: Kind, lang: str, today: date) -> Mapping[str, Any]:
    """Return example values for the text of a kind (pure)."""
    day = today + timedelta(days=1)
    return {
        "occurs": datetime.combine(day, time(9, 30)),
        "kind": kind.key,
        "answers": bool(kind.answers),
        **_EXAMPLES.get(kind.about, {}).get(lang, {}),
    }


_EXAMPLES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {}
