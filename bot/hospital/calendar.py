"""Which days are worked (RM-13): weekends, holidays and moved working days (调休); pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

_ONE = timedelta(days=1)
_FRIDAY = 5
#: Nobody is off for so long; a calendar that says so is wrong, and an answer is still needed.
_LONGEST = 366


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that the state moved: none for a day off, or the weekday whose clinics are held."""

    moved: Mapping[date, int | None] = field(default_factory=dict)

    def held_as(self, day: date) -> int | None:
        """Return the weekday whose clinics are held that day, 1 = Monday; none on a day off."""
        return self.moved.get(day, day.isoweekday())

    def working_day(self, day: date) -> bool:
        """Whether offices work that day: Monday to Friday but for holidays, and moved days."""
        if day in self.moved:
            return self.moved[day] is not None
        return day.isoweekday() <= _FRIDAY

    def workdays_before(self, day: date, count: int) -> date:
        """Return the day that is so many working days before; with none, the day itself."""
        found = day
        for _ in range(count):
            found = self._before(found)
        return found

    def workdays_after(self, day: date, count: int) -> date:
        """Return the day that is so many working days later; with none, the day itself."""
        found = day
        for _ in range(count):
            found = self._after(found)
        return found

    def _before(self, day: date) -> date:
        days = (day - _ONE * ahead for ahead in range(1, _LONGEST))
        return next((found for found in days if self.working_day(found)), day - _ONE)

    def _after(self, day: date) -> date:
        days = (day + _ONE * ahead for ahead in range(1, _LONGEST))
        return next((found for found in days if self.working_day(found)), day + _ONE)
