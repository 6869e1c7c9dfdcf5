"""What ranked matches are worth: an answer, a choice, or nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.decide import DEFAULT, Answer, Choose, Decision, Policy, Unknown, decide
from intents.match import Match

POLICY = Policy(answer=0.5, margin=0.1, grey=0.2, choices=3)


def matches(*scores: float) -> list[Match]:
    return [Match(f"intent.{n}", score, "") for n, score in enumerate(scores)]


def offered(decision: Decision) -> list[float]:
    assert isinstance(decision, Choose)
    return [match.score for match in decision.matches]


@pytest.mark.parametrize(
    ("scores", "kind"),
    [
        pytest.param((), Unknown, id="nothing matched"),
        pytest.param((0.19,), Unknown, id="below the grey zone"),
        pytest.param((0.2,), Choose, id="grey zone begins"),
        pytest.param((0.49,), Choose, id="grey zone ends"),
        pytest.param((0.5,), Answer, id="sure enough"),
        pytest.param((0.9, 0.85), Choose, id="two too near to tell apart"),
        pytest.param((0.9, 0.7), Answer, id="clearly ahead"),
        pytest.param((1.0, 0.1), Answer, id="certain"),
    ],
)
def test_scores_decide(scores: tuple[float, ...], kind: type) -> None:
    assert type(decide(matches(*scores), POLICY)) is kind


def test_a_choice_is_short_and_leaves_out_the_hopeless() -> None:
    assert offered(decide(matches(0.4, 0.3, 0.25, 0.22), POLICY)) == [0.4, 0.3, 0.25]
    assert offered(decide(matches(0.4, 0.05), POLICY)) == [0.4]


def test_an_answer_is_the_best_match() -> None:
    assert decide(matches(0.9, 0.1), POLICY) == Answer(Match("intent.0", 0.9, ""))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=6))
def test_only_the_sure_is_answered_and_a_choice_is_never_empty(scores: list[float]) -> None:
    decision = decide(matches(*sorted(scores, reverse=True)))
    if isinstance(decision, Answer):
        assert decision.match.score >= DEFAULT.answer
    elif isinstance(decision, Choose):
        assert 1 <= len(decision.matches) <= DEFAULT.choices
    else:
        assert max(scores, default=0.0) < DEFAULT.grey
