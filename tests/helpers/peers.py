"""Third-party peers that a test needs: here they may be missing, in CI they must not be."""

import os

import pytest


def need(name: str, found: bool) -> None:
    """Go on where a peer is there; where it is not, skip in a plain sentence, or fail in CI.

    Args:
        name: what is missing and where it comes from, as a person would install it:
            "Kannel (apt-get install kannel)".
    """
    if found:
        return
    sentence = f"this test needs {name}, which is not here"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
