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
