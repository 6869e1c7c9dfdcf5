"""What providers without free text have in common: approved templates, receipts pushed as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from bot.channels.base import HookRequest, Tools
from bot.channels.options import read_options
from bot.channels.sms_providers.base import Caps, Gate, Options, hook_url, secret_of
from bot.errors import BadInput, Refused, SettingsError
from bot.message import Template

#: One push holds some hundred items; this many bytes are more than any.
_MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Approved:
    """One template as the provider approved it.

    Attributes:
        code: the provider's id of it.
        fields: our names of its values, in the provider's order.
        names: the provider's own names of them, in the same order.
        text: its words with ${name} or {1}, from which its length is known; may be empty.
    """

    code: str
    fields: tuple[str, ...]
    names: tuple[str, ...]
    text: str = ""

    def values(self, template: Template) -> list[str]:
        """Return a message's values in the provider's order.

        Raises:
            Refused: one of them is missing or empty, which providers refuse.
        """
        found = [template.values.get(name, "").strip() for name in self.fields]
        if not all(found):
            raise Refused("template_values")
        return found

    def words(self, template: Template) -> str:
        """Return the text as it will arrive; empty where it is not known here."""
        text = self.text
        for number, (ours, name) in enumerate(zip(self.fields, self.names, strict=True), 1):
            value = template.values.get(ours, "")
            text = text.replace(f"${{{name}}}", value).replace(f"{{{number}}}", value)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    code: str
    fields: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    text: str = ""


def read_templates(templates: Mapping[str, Any], where: str) -> dict[str, Approved]:
    """Return the templates of an account by our names.

        [channels.sms.main.templates.visit_reminder]
        code = "SMS_123456"
        fields = ["patient", "time"]      # our names of the values, in the template's order
        names = ["name", "time"]          # the template's own names, where they differ
        text = "${name}您好，您已预约${time}的门诊。"   # where its length is to be known

    Raises:
        SettingsError: names the key and what is expected.
    """
    found = {}
    for name, section in templates.items():
        here = f"{where}.templates.{name}"
        if not isinstance(section, dict):
            raise SettingsError(f'{here} must be a section such as {{ code = "SMS_123" }}')
        read = read_options(_Section, section, here)
        names = read.names or read.fields
        if not all(isinstance(entry, str) for entry in (*read.fields, *names)):
            raise SettingsError(f"{here}.fields must list names in quotes")
        if len(names) != len(read.fields):
            raise SettingsError(f"{here}.names must have as many entries as fields")
        found[name] = Approved(read.code, read.fields, names, read.text)
    return found


def pushed(request: HookRequest) -> Sequence[Mapping[str, Any]]:
    """Return the items of a push; what is no object is left out.

    Raises:
        BadInput: the body is no JSON array or object.
    """
    if len(request.body) > _MAX_BODY:
        raise BadInput("a push may have 1 MB at most", 413)
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError) as exc:
        raise BadInput("the body must be JSON", 400) from exc
    items = data if isinstance(data, list) else [data]
    if not isinstance(data, list | dict):
        raise BadInput("the body must be a JSON array", 400)
    return [item for item in items if isinstance(item, dict)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateOptions(Options):
    """What such an account says in config.toml; `signature` is the approved 签名.

    Attributes:
        templates: see `read_templates`.
    """

    templates: Mapping[str, Any] = field(default_factory=dict)


Account = TypeVar("Account", bound=TemplateOptions)


class TemplateOnly(Generic[Account]):
    """The half of a `Provider` that is the same for every provider of templates.

    Args:
        key: the name of the secret that signs our calls.
    """

    def __init__(
        self, account: str, options: Account, secrets: Mapping[str, str], tools: Tools, key: str
    ) -> None:
        self._templates: dict[str, Approved] = read_templates(options.templates, tools.where)
        self.options = options
        self.caps = Caps(free_text=False, templates=frozenset(self._templates))
        self._account, self._clock = account, tools.clock
        self._secret = secret_of(account, secrets, key, tools.where)
        self._gate = Gate(account, secrets, options, tools.where)
        self._hook = hook_url(options, tools, account)

    def verify(self, request: HookRequest) -> None:
        """See `Gate`: these providers sign no push."""
        self._gate.check(request)

    def words_of(self, template: Template) -> str:
        """See `Approved.words`."""
        approved = self._templates.get(template.name)
        return approved.words(template) if approved else ""
