"""Read what a patient plainly asks to be done: book, cancel, move … A guess never acts.

The words are content (`requests.toml` of each language). What is refused, supposed, asked about, told of
the past or of somebody else is no request; where that is not sure, it is none either.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intents.normalize import normalize, strip_fillers

#: In this order: the narrower before the wider.
KINDS = (
    *("add_family", "family", "resume", "waitlist", "check_in", "queue", "mine", "move", "cancel"),
    "book",
)
GUARDS = ("wish", "polite", "refuse", "dropped", "suppose", "ask", "happened", "booked", "others")
#: Longer messages tell more than one thing.
_LONGEST = 120
#: Questions by nature: asking is the request.
_QUESTIONS = frozenset({"mine", "queue", "family"})
_CLAUSE = re.compile(r"[,.!?;:。、~]+|\b(?:and|but|so|because|then)\b")
_BLANK = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_ENDS_AS_QUESTION = re.compile(r"[吗么?]+$")
#: "约号不", "行么": a question without its mark.
_OR_NOT = re.compile(r"(?<![不要别])[不么](?:$|[,?])")
#: What may stand around an imperative: "周五下午 挂皮肤科 三点吧".
_TIME = r"[\d一二三四五六七八九十点半上中下午早晚周星期礼拜天日月号今明后大的时分左右以吧: -]*"
_SHORTEST_CLAUSE = 3
_SAYS_NO = re.compile(
    r"(?:^|[,.!?;。、 ])(?:no|nope|nah|not|don't|dont|不|不是|不要|不用|别|否|没)(?:$|[,.!?;。、 ])"
)
#: Words that hold a guard's word and mean something else.
_HARMLESS = re.compile(
    "唔该|怎么了|怎么回事|特别|别的|别人的?话|性别|级别|类别|识别|没关系|不舒服|不好意思|不知道|没力气|没胃口|没劲|没精神|其他|不太好|不好受|不得劲"
    "|[来去赶]不了|[来去]不成"
    r"|\bnot (?:feeling )?(?:well|good|great)\b|\bno idea\b|\bdon't feel (?:well|good)\b"
    r"|\bcan't (?:sleep|breathe well|walk|see well|hear|stop)\b"
    r"|\b(?:can't|cant|cannot|won't be able to|wont be able to) (?:come|make it|attend|be there)\b"
    r"|\bhow many (?:more )?(?:people|patients|persons)\b"
)
#: After a visit is given up, another one is asked for in the same breath.
_GOES_ON = re.compile("[挂约订]|预约")
#: The ways in which fingers miss one word that most requests hold.
_APPOINTMENT = re.compile(r"\bap{1,2}(?:oi|io|o)n?t?e?m[ea]?n?t(s?)\b")
#: Courtesy that says: I only want to know.
_ASKING = re.compile(r"问|咨询|请教|打听|了解|\b(?:ask|to know|wondering|question)\b")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


class RequestsError(Exception):
    """The words cannot be used; `problems` holds a sentence for each thing to mend."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind of request is said in one language."""

    name: str
    whole: frozenset[str]
    phrase: re.Pattern[str] | None
    wished: re.Pattern[str] | None


class _Language:
    """The words of one language, compiled."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        guards = tables["guards"]
        self.polite = _any_of(guards["polite"])
        self.never = _any_of(
            [*guards["dropped"], *guards["suppose"], *guards["happened"], *guards["others"]]
        )
        self.undone = _any_of([*guards["dropped"], *guards["suppose"]])
        self.ask = _any_of(guards["ask"])
        self.booked = _any_of(guards["booked"])
        self.refuse = _any_of(guards["refuse"])
        self.ascii = all(phrase.isascii() for phrase in tables["book"]["whole"])
        self.kinds = [_kind(name, tables[name], guards["wish"]) for name in KINDS]


class Requests:
    """The words of every language; `Requests({})` knows none."""

    def __init__(self, languages: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the tables of each language's `requests.toml`, already checked."""
        self._languages = [_Language(tables) for tables in languages.values()]
        self._whole = {
            phrase: kind.name
            for language in self._languages
            for kind in reversed(language.kinds)
            for phrase in kind.whole
        }

    def whole(self) -> list[str]:
        """Give every phrase that is a request as a whole message."""
        return list(self._whole)

    def is_whole(self, text: str) -> bool:
        """Say whether a text is, but for courtesy, a phrase that is a request as it stands."""
        plain = normalize(text)
        return _EDGES.sub("", strip_fillers(plain)) in self._whole or plain in self._whole

    def find_beside(self, part: str, whole: str) -> str | None:
        """Return the request that a part of a message makes beside a question in another part.

        Nothing in the whole message may be refused, supposed or taken back.
        """
        around = _HARMLESS.sub(" ", normalize(whole))
        if len(around) > _LONGEST or _SAYS_NO.search(around):
            return None
        if any(one.undone.search(around) or one.refuse.search(around) for one in self._languages):
            return None
        return self.find(part)

    def find(self, text: str) -> str | None:
        """Return the kind of request that `text` plainly makes, or None."""
        plain = normalize(text)
        if len(plain) > _LONGEST or not plain:
            return None
        said = _EDGES.sub("", strip_fillers(plain))
        whole = self._whole.get(said) or self._whole.get(_EDGES.sub("", plain))
        if whole in _QUESTIONS or (whole and not plain.endswith("?") and not _ASKING.search(plain)):
            return whole
        if _ASKING.search(plain):
            return None
        plain = _BLANK.sub("", _HARMLESS.sub(" ", said + ("?" if plain.endswith("?") else "")))
        plain = _APPOINTMENT.sub(r"appointment\1", plain)
        hits = list(self._hits(plain))
        if (
            not hits
            or _SAYS_NO.search(plain)
            or any(one.never.search(plain) for one in self._languages)
        ):
            return None
        found = set(self._sure(plain, hits))
        if {"cancel", "book"} <= found and "move" not in found:
            return None
        return next((kind for kind in KINDS if kind in found), None)

    def _hits(self, plain: str) -> Iterator[tuple[str, str]]:
        """Give each clause that asks for something, up to the end of what it asks, and the kind."""
        for clause in filter(None, map(str.strip, _CLAUSE.split(plain))):
            for language in self._languages:
                if clause.isascii() and not language.ascii:
                    continue
                undone: int | None = None
                for kind in language.kinds:
                    if (end := _hit(clause, kind)) is None:
                        continue
                    if kind.name == "book" and end == undone and not _GOES_ON.search(clause, end):
                        continue  # the "挂号" of "取消明天的挂号" asks for none
                    undone = end if kind.name == "cancel" else undone
                    yield clause[:end], kind.name

    def _sure(self, plain: str, hits: list[tuple[str, str]]) -> Iterator[str]:
        """Give the kinds that are neither asked about nor refused, nor had already."""
        asked_of = plain
        for language in self._languages:
            if language.polite.search(plain):
                asked_of = _ENDS_AS_QUESTION.sub("", language.polite.sub(" ", asked_of))
        asks = "?" in asked_of or _OR_NOT.search(asked_of) is not None
        asks = asks or any(one.ask.search(asked_of) for one in self._languages)
        booked = any(one.booked.search(plain) for one in self._languages)
        for said, kind in hits:
            if (asks and kind not in _QUESTIONS) or (booked and kind == "book"):
                continue
            if not any(one.refuse.search(said) for one in self._languages):
                yield kind


def request_in(text: str, words: Requests) -> str | None:
    """Return what `text` plainly asks to be done, one of `KINDS`; None where that is not sure."""
    return words.find(text)


def _hit(clause: str, kind: _Kind) -> int | None:
    """Give where the words of a request end in a clause; refusals stand before that."""
    if clause in kind.whole and (
        len(clause) >= _SHORTEST_CLAUSE and (not clause.isascii() or " " in clause)
    ):
        return len(clause)
    for form in (kind.phrase, kind.wished):
        if form is not None and (found := form.search(clause)):
            return found.end()
    return None


def _kind(name: str, table: Mapping[str, Any], wish: list[str]) -> _Kind:
    phrases, verbs, objects = (table.get(key, []) for key in ("phrases", "verbs", "objects"))
    return _Kind(
        name,
        frozenset(_EDGES.sub("", normalize(phrase)) for phrase in table["whole"]),
        _any_of(phrases) if phrases else None,
        _wished(verbs, objects, wish) if verbs else None,
    )


def _wished(verbs: list[str], objects: list[str], wish: list[str]) -> re.Pattern[str]:
    """Compile a wish, the verb and its object; an imperative; or 把 … verb."""
    wishes, acts, things = _choice(wish), _choice(verbs), _choice(objects)
    thing = rf"[^成完错失]{{0,40}}?(?:{things})(?!历|房|人|区|例|理|案|情)" if objects else ""
    plain = _choice([one for one in verbs if one not in ("看", "see")])
    forms = [
        rf"(?:{wishes})[^找]{{0,18}}?(?:{acts}){thing}",
        rf"^{_TIME}(?:再|先|就|也)?(?:{plain}){thing}(?:的号|号|门诊)?{_TIME}$"
        if not plain.isascii()
        else rf"^(?:{plain}){thing}",
    ]
    held = _choice([one for one in verbs if not one.isascii()])
    if held:
        forms.append(rf"(?:^|(?:{wishes})\S{{0,6}})把\S{{1,16}}?(?:{held})")
    return re.compile("|".join(forms))


def _any_of(words: list[str]) -> re.Pattern[str]:
    return re.compile(_choice(words)) if words else re.compile(r"(?!)")


def _choice(words: list[str]) -> str:
    """Give an alternative of words, Latin ones as whole words only, longest first."""
    return "|".join(
        rf"\b{re.escape(word)}\b" if word[0].isascii() and word[0].isalnum() else re.escape(word)
        for word in sorted((normalize(word) for word in words), key=lambda word: (-len(word), word))
    )


def problems_of(tables: Mapping[str, Any], where: str) -> list[str]:
    """Say what is wrong with the tables of one `requests.toml`."""
    known = {*KINDS, "guards"}
    found = [
        f"{where}: `{name}` is no kind of request; known are {', '.join(sorted(known))}."
        for name in sorted(set(tables) - known)
    ]
    found += [f"{where}: the table `{name}` is missing." for name in sorted(known - set(tables))]
    for name in sorted(known & set(tables)):
        table = tables[name]
        keys = GUARDS if name == "guards" else ("whole", "phrases", "verbs", "objects")
        must = GUARDS if name == "guards" else ("whole",)
        if not isinstance(table, dict):
            found.append(f"{where}: `{name}` must be a table.")
            continue
        found += [
            f"{where}: {name}: `{key}` is not known." for key in sorted(set(table) - set(keys))
        ]
        found += [f"{where}: {name}: `{key}` is missing." for key in must if key not in table]
        found += [
            f"{where}: {name}: `{key}` must be a list of words that are not empty."
            for key in keys
            if key in table and not _are_words(table[key], empty=key == "objects")
        ]
    return found + _meant_twice(tables, where, found)


def _meant_twice(tables: Mapping[str, Any], where: str, found: list[str]) -> list[str]:
    if found:
        return []
    meant: dict[str, str] = {}
    return [
        f'{where}: "{phrase}" is a whole message of both {meant[phrase]} and {kind}.'
        for kind in KINDS
        for phrase in tables[kind]["whole"]
        if meant.setdefault(phrase, kind) != kind
    ]


def _are_words(value: object, *, empty: bool) -> bool:
    if not isinstance(value, list) or (not value and not empty):
        return False
    return all(
        (isinstance(word, str) and bool(_EDGES.sub("", normalize(word)))) or word == "?"
        for word in value
    )


def load_requests(folder: Path) -> Requests:
    """Read `<language>/requests.toml` of every language of a folder, for tools and tests.

    Raises:
        RequestsError: names the file, the kind and the key of everything that cannot be used.
    """
    languages, problems = {}, []
    for path in sorted(folder.glob("*/requests.toml")):
        where = f"{path.parent.name}/{path.name}"
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            problems.append(f"{where}: cannot be read: {exc}")
            continue
        problems += problems_of(tables, where)
        languages[path.parent.name] = tables
    if problems:
        raise RequestsError(problems)
    return Requests(languages)
