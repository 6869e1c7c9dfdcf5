"""What a patient may plainly ask to be done, and which flow begins it."""

from collections.abc import Mapping

#: What a patient may ask to be done (`intents.requests`, `reminding`), and who does it.
REQUESTS: Mapping[str, tuple[str, str]] = {
    "book": ("booking", "start"),
    "resume": ("booking", "resume"),
    "cancel": ("changes", "cancel"),
    "move": ("changes", "move"),
    "mine": ("changes", "mine"),
    "check_in": ("visit_day", "check_in"),
    "queue": ("visit_day", "queue"),
    "waitlist": ("waitlist", "mine"),
    "family": ("family", "show"),
    "add_family": ("family", "start"),
    "remind_medicine": ("medication", "start"),
    "log_dose": ("medication", "log"),
    "last_dose": ("medication", "last"),
    "medicines_mine": ("medication", "mine"),
    "remind_checkup": ("checkup", "start"),
    "reminders_mine": ("reminders", "mine"),
    "reminders_off": ("reminders", "off"),
    "reminders_on": ("reminders", "on"),
    "mute_today": ("reminders", "mute_today"),
    "pause_reminders": ("reminders", "pause"),
    "resume_reminders": ("reminders", "resume"),
    "fewer_reminders": ("reminders", "fewer"),
    "best_time": ("reminders", "best_time"),
    "zone": ("reminders", "zone"),
    "why_not": ("reminders", "why_not"),
}
