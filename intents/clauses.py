"""Cut a normalised message into sentences and clauses.

Meaning is judged a clause at a time: what is denied, past or imagined in one clause says nothing
about the next. Chinese is read character by character, English word by word; both give the same
`Clauses`, so whoever reads them need not know which language it was.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_SENTENCE_END = r"[!?;。\n]|\.(?!\d)"
_CLAUSE_END = r"[,:~()\[\]{}<>\"“”「」『』《》【】|*_=]|(?<!\d)-(?!\d)"
_HAN = "\u3400-\u9fff"
_LATIN_TOKEN = re.compile(
    rf"\d+(?:[./]\d+)*(?!\w)|[a-z0-9]+|(?P<sentence>{_SENTENCE_END})|(?P<clause>{_CLAUSE_END})",
)
_SPELLED_OUT = re.compile(rf"(?:[{_HAN}] ){{4,}}[{_HAN}]?")


#: What a question looks like, in Chinese and in English.
_ASKS = re.compile(
    r"[吗么呢?]|怎[么样]|如何|多[少久长大]|几|哪|什么|啥|咋|谁|为何|能不能|可不可以|能否|可否|有没有|有无|是不是|要不要"
    r"|行不|好不好|方便不|需不需要|会不会"
    r"|^(?:(?:and|also|then|so|plus|but|ok|well|or)[ ,]+)*(?:what|whats|what's|where|wheres|where's|when"
    r"|how|which|who|why|do|does|did|is|are|can|could|may|should|will|would|am|any|must)\b"
)
_TURN_TO_ANOTHER = re.compile(
    r"(?=另外|还有(?!没|什么|几|多|号|位|人|吗)|顺便|再(?:问|请教)|对了)|(?:^|\s)\d[、.)](?!\d)\s*"
    r"|(?:,\s*|\s)(?:and|also|plus)\s(?=(?:also |then )?(?:what|where|when|how|which|who|do|does|is|are"
    r"|can|could|may|should|will|would)\b)"
)
_SENTENCES = re.compile(r"([?!;。\n]+|\.(?!\d))")
_SHORT_PART, _SHORT_WORDS = 4, 3
_MOST_PARTS = 6


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message that may be a question of its own; `asks` where it looks like one."""

    text: str
    asks: bool


def questions(plain: str) -> list[Part]:
    """Cut a normalised message into what may be questions of their own, in order, at most six.

    What is told before a question belongs to it, and so does what is too short to stand alone.
    """
    found: list[Part] = []
    pieces = _SENTENCES.split(plain)
    for text, end in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        found += _of_sentence(text, asked="?" in end)
    return found[:_MOST_PARTS]


def comma_parts(plain: str) -> list[str]:
    """Cut a normalised message at every stop, comma and turn to something else."""
    cut = [part.strip(" ,、") for one in _SENTENCES.split(plain) for part in _commas(one)]
    return [part for part in cut if re.search(r"\w", part)]


def _commas(text: str) -> list[str]:
    return [part for one in re.split(r"[,:]\s*", text) for part in _TURN_TO_ANOTHER.split(one)]


def _of_sentence(text: str, *, asked: bool) -> list[Part]:
    parts = [part.strip(" ,、") for part in _commas(text)]
    parts = [part for part in parts if re.search(r"\w", part)]
    found: list[Part] = []
    told = ""
    for place, part in enumerate(parts, 1):
        asks = _ASKS.search(part) is not None or (asked and place == len(parts))
        if asks and found and not told and _is_short(part):
            found[-1] = Part(f"{found[-1].text},{part}", asks=True)
        elif asks:
            found.append(Part(f"{told},{part}" if told else part, asks=True))
            told = ""
        else:
            told = f"{told},{part}" if told else part
    return [*found, Part(told, asks=False)] if told else found


def _is_short(part: str) -> bool:
    return len(part.split()) <= _SHORT_WORDS if part.isascii() else len(part) <= _SHORT_PART


@dataclass(frozen=True, slots=True)
class Clauses:
    """Tokens of a message and where its clauses and sentences lie.

    A token is its spellings: one for a Chinese character, and for an English word also the word
    stems that a vocabulary listens for (`breathing`, `breath*`).
    """

    tokens: Sequence[Sequence[str]]
    clause_of: list[int]
    sentence_of: list[int]
    starts: list[int]

    def clause_at(self, offset: int) -> int:
        """Tell in which clause a character position of the text lies."""
        return max(0, bisect_right(self.starts, offset) - 1)


def break_pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Compile the ends of Chinese clauses: punctuation, blanks, words that turn a thought."""
    turns = "".join(f"|(?={re.escape(word)})" for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?P<sentence>{_SENTENCE_END})|(?:{_CLAUSE_END}| ){turns}")


def by_character(text: str, breaks: re.Pattern[str]) -> Clauses:
    """Split Chinese: every character is a token; a blank ends a clause as a comma does."""
    text = _SPELLED_OUT.sub(lambda found: found[0].replace(" ", ""), text)
    clause_of: list[int] = []
    sentence_of, starts, sentence, done = [0], [0], 0, 0
    for found in breaks.finditer(text):
        end = found.end()
        if end == starts[-1]:
            continue
        clause_of += [len(starts) - 1] * (end - done)
        done = end
        sentence += found["sentence"] is not None
        starts.append(end)
        sentence_of.append(sentence)
    clause_of += [len(starts) - 1] * (len(text) - done)
    return Clauses(text, clause_of, sentence_of, starts)


def by_word(
    text: str,
    breaks: frozenset[str],
    spellings: Callable[[str], Sequence[str]],
) -> Clauses:
    """Split English: every word is a token; a word such as "but" opens a clause of its own."""
    tokens: list[Sequence[str]] = []
    clause_of: list[int] = []
    sentence_of, starts, sentence = [0], [0], 0
    for found in _LATIN_TOKEN.finditer(text):
        ends = found.lastgroup is not None
        word = found[0]
        if ends or word in breaks:
            sentence += found.lastgroup == "sentence"
            starts.append(found.end() if ends else found.start())
            sentence_of.append(sentence)
        if not ends:
            clause_of.append(len(starts) - 1)
            tokens.append(spellings(word))
    return Clauses(tokens, clause_of, sentence_of, starts)
