"""The flow for messages without words: voice, pictures, stickers, places, a new follower.

Nothing here looks at what was sent, and nothing it says is medical: it says so, and offers a person.
"""

from bot.dialogue.faq import menu_button, person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.message import Kind, Say

#: How to come is what somebody asks who sends where she is.
_WAY_HERE = "hospital.transport"
_SHOWS_MENU = {"sticker": "faq/menu", "followed": "faq/greeting"}


class MediaFlow:
    """Answers what cannot be read: asks for words, or offers somebody who can look."""

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at the entry that the router chose by its form."""
        lang = scene.session.lang
        if entry == "location":
            return Step(goto=Goto("faq", "answer", {"intent": _WAY_HERE}))
        if name := _SHOWS_MENU.get(entry):
            return Step((Say(name, shortcuts=(menu_button(lang), person_button(lang))),))
        scene.session.wordless += 1
        if entry == "again":
            scene.session.misses += 1
        shortcuts = (person_button(lang), menu_button(lang))
        return Step((Say(f"media/{entry}", Kind.QUESTION, shortcuts=shortcuts),))
