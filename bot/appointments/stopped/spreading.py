"""Which places are offered to whom, when many lose theirs at once; pure.

Everybody gets three, most like what she had; and not everybody the same three, or most of those who
answer would find them taken.
"""

from collections.abc import Sequence

from bot.appointments.model import ClinicView, FreeSlot

#: So many places are offered to each.
OFFERED = 3


def offered(
    slots: Sequence[FreeSlot], clinic: ClinicView, rank: int, count: int = OFFERED
) -> list[FreeSlot]:
    """Return the places for the patient who is told as number `rank`, from 0: the best one first.

    As long as there are places enough, no two patients have the same one as their first. The others
    are of other clinics, on other days where that can be.

    Args:
        slots: all that is free in place of `clinic`.
    """
    groups = _by_likeness(slots, clinic)
    seats = [slot for group in groups for slot in group for _ in range(slot.left)]
    if not seats:
        return []
    first = seats[rank % len(seats)]
    chosen = [first]
    at = next(place for place, group in enumerate(groups) if first in group)
    others = [*groups[at + 1 :], *groups[:at]]
    others.sort(key=lambda group: group[0].clinic.date == first.clinic.date)
    chosen += [group[rank % len(group)] for group in others][: count - 1]
    if len(chosen) < count:
        rest = [slot for group in (groups[at], *others) for slot in group if slot not in chosen]
        chosen += rest[: count - len(chosen)]
    return chosen


def _by_likeness(slots: Sequence[FreeSlot], clinic: ClinicView) -> list[list[FreeSlot]]:
    """Return the places clinic by clinic: the same doctor's, then the same kind, then the soonest."""
    clinics: dict[int, list[FreeSlot]] = {}
    for slot in sorted(slots, key=lambda slot: (slot.starts_at, slot.slot_id)):
        clinics.setdefault(slot.clinic.clinic_id, []).append(slot)

    def unlike(group: list[FreeSlot]) -> tuple[bool, bool]:
        other = group[0].clinic
        return other.doctor != clinic.doctor, other.tier != clinic.tier

    return sorted(clinics.values(), key=unlike)
