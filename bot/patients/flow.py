"""Words about the conversation itself: stop and start messages, change the language."""

from bot.dialogue.faq import menu_button, person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.message import Kind, Say
from bot.patients import service


class ConsentFlow:
    """Opt out, opt in again, speak another language."""

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `stop`, `start` or `speak`."""
        if entry == "speak":
            scene.session.lang = str(scene.values["lang"])
            scene.session.traditional = False
            return self._say(scene, "consent/language")
        return self._stop(scene) if entry == "stop" else self._start(scene)

    def _stop(self, scene: Scene) -> Step:
        """Stop, and confirm it once: a second stop word is answered with silence (RM-07)."""
        if service.opted_out(scene.tx, scene.conversation_id):
            return Step()
        service.opt_out(scene.tx, scene.conversation_id, scene.now)
        return Step((Say("consent/stopped", Kind.NOTICE),))

    def _start(self, scene: Scene) -> Step:
        if not service.opted_out(scene.tx, scene.conversation_id):
            return Step(goto=Goto("reminders", "resume"))  # a pause, if there is one
        service.opt_out(scene.tx, scene.conversation_id, None)
        return self._say(scene, "consent/started")

    def _say(self, scene: Scene, name: str) -> Step:
        lang = scene.session.lang
        shortcuts = (menu_button(lang), person_button(lang))
        return Step((Say(name, Kind.NOTICE, shortcuts=shortcuts),))
