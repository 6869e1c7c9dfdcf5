"""The hospital's rules of booking: `[booking]` of config.toml. Every number is told before it bites."""

import re
from dataclasses import dataclass

from bot.errors import SettingsError

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class BookingOptions:
    """What may be booked when, by whom, and what is counted. Source of the defaults: BK-01 … BK-13.

    Attributes:
        release_days: how many days ahead the places of a day are released, at `release_at` (BK-04).
        slot_minutes: how long a slot is where the roster does not say (BK-05).
        close_minutes: until how long before its end a slot of today can still be booked.
        hold_minutes: how long a place is kept while the patient confirms.
        offer_minutes: how long a place is kept for the next of a waitlist (BK-09).
        cancel_days: a visit can be given back until this many days before, at `cancel_at` (BK-07);
            of working days where `cancel_working_days`.
        per_department_day: visits a patient may have with one department on one day; then a day,
            within 7 days, within 90 days (BK-06).
        unverified: visits under way that a patient may have whose account did not prove its phone.
        no_show_count: so many missed visits within `no_show_window_days` pause booking for
            `no_show_block_days` (BK-08); `no_show_warn_at`: from so many on a warning is given.
        late_minutes: whoever comes later goes to the end of the session (BK-13).
        check_in_minutes: from how long before a visit one can check in.
        family: how many people one account may book for (BK-01).
        guardian_age: whoever is younger needs a guardian (PR-11); `frail_age`: whoever is as old is
            rung when a visit is cancelled by the hospital.
        silent_hours: who does not answer the offer after a cancelled clinic for so long is rung too.
        queue_ahead: how many people before her are told to a patient who waits, each at most once.
        feed_silent_minutes: after so long without a word of the calling system an alarm is raised.
    """

    release_days: int = 14
    release_at: str = "07:00"
    slot_minutes: int = 30
    close_minutes: int = 10
    hold_minutes: int = 5
    offer_minutes: int = 15
    cancel_days: int = 1
    cancel_at: str = "16:00"
    cancel_working_days: bool = False
    per_department_day: int = 1
    per_day: int = 2
    per_week: int = 3
    per_quarter: int = 5
    unverified: int = 1
    no_show_window_days: int = 90
    no_show_count: int = 3
    no_show_block_days: int = 90
    no_show_warn_at: int = 2
    late_minutes: int = 30
    check_in_minutes: int = 60
    family: int = 5
    guardian_age: int = 14
    frail_age: int = 75
    silent_hours: int = 2
    queue_ahead: tuple[int, ...] = (5, 3, 1)
    feed_silent_minutes: int = 15


def check_booking(options: BookingOptions, where: str) -> None:
    """Refuse what cannot be meant.

    Raises:
        SettingsError: names `where`, the key and what is expected.
    """
    for key in ("release_at", "cancel_at"):
        if not _CLOCK.fullmatch(getattr(options, key)):
            raise SettingsError(f"{where}.{key} is not usable (expected a time such as 07:00)")
    for key in (
        "slot_minutes",
        "hold_minutes",
        "offer_minutes",
        "family",
        "no_show_count",
        "per_day",
    ):
        if getattr(options, key) < 1:
            raise SettingsError(f"{where}.{key} is not usable (expected a number above 0)")
    if options.family > 5:  # noqa: PLR2004  (BK-01, and a constraint of the database)
        raise SettingsError(f"{where}.family is not usable (expected 1 to 5)")
    if not all(type(n) is int and n > 0 for n in options.queue_ahead):
        raise SettingsError(f"{where}.queue_ahead is not usable (expected numbers above 0)")
    for key in BookingOptions.__dataclass_fields__:
        value = getattr(options, key)
        if type(value) is int and value < 0:
            raise SettingsError(f"{where}.{key} is not usable (expected no number below 0)")
