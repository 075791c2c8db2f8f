"""Sentences of the Findings page about one question under several models."""

import pytest

from itlim.ui.findings.datasets import wordings


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (["Rome."], ""),
        (["Rome.", "Rome."], ", in the same words"),
        (["Rome.", "It is Rome.", "Rome."], ", in 2 different wordings"),
    ],
)
def test_wordings_are_counted_only_where_two_answers_can_differ(right, said):
    assert wordings(right) == said
