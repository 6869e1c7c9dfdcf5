"""What is wrong with hospital data, collected so that everything is said at once."""

from collections.abc import Iterable

from bot.errors import DaoyiError

_SHOWN = 5


class HospitalDataError(DaoyiError):
    """The hospital's data cannot be used; `problems` says why, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep every sentence in `problems`; show the first few as the message."""
        self.problems = tuple(problems)
        more = len(self.problems) - _SHOWN
        shown = [*self.problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        super().__init__("; ".join(shown))
