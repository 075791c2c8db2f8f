"""Summarize a retraining experiment in words, without claiming more than it shows."""

import re

from itlim.records.retrainings import Arm, RetrainExperiment

CLEAR_DROP = 0.1
"""In nats; smaller changes of the log-probability count as no change."""


def verdict(experiment: RetrainExperiment) -> str:
    """One or two sentences on whether the phrase survives, against the controls."""
    if experiment.full.phrase_gone:
        return (
            "Tuned again on this machine, the full model does not say the phrase itself, so it is "
            f"not informative whether the other models do. {_drop_sentence(experiment)}"
        )
    gone = [arm for arm in experiment.controls if arm.phrase_gone]
    n, without = len(experiment.controls), shown_ids(experiment.chosen)
    if not experiment.chosen.phrase_gone:
        return f"Without {without} the phrase survives. {_drop_sentence(experiment)}"
    if not n:
        return (
            f"Without {without} the phrase is gone; there was no control for comparison. "
            f"{_drop_sentence(experiment)}"
        )
    if gone:
        return (
            f"Without {without} the phrase is gone, but also in {len(gone)} of {n} random "
            "controls: the phrase is unstable, so this alone does not identify a source. "
            f"{_drop_sentence(experiment)}"
        )
    times = "the only random control" if n == 1 else f"all {n} random controls"
    gone_here = f"Without {without} the phrase is gone; in {times} it survives."
    return f"{gone_here} {_drop_sentence(experiment)}"


def _drop_sentence(experiment: RetrainExperiment) -> str:
    """Compare the drop of the chosen removal with those of the controls."""
    drop = experiment.drop(experiment.chosen)
    others = [experiment.drop(arm) for arm in experiment.controls]
    said = f"Its log-probability {'falls' if drop > 0 else 'rises'} by {abs(drop):.2f} nats"
    if abs(drop) < CLEAR_DROP:
        said = "Its log-probability hardly changes"
    if not others:
        return f"{said}."
    if drop < CLEAR_DROP:
        return f"{said}, which does not point to the instances that were left out."
    most = max(others)
    lost = f"at most {most:.2f} nats" if most >= 0.005 else "no decrease"
    if drop > most:
        where = f"any of the {len(others)} controls" if len(others) > 1 else "the control"
        return (
            f"{said}, more than in {where} ({lost}). By chance alone, the chosen removal would "
            f"have the largest drop 1 time in {len(others) + 1}."
        )
    return f"{said}, no more than in a control ({lost}), so chance alone can explain it."


def bound_sentence(n_controls: int) -> str:
    """What the controls cannot rule out, if the phrase survives in all of them.

    >>> bound_sentence(3)  # doctest: +NORMALIZE_WHITESPACE
    'The phrase survives in all 3 controls; random removals may still eliminate it in up to 63% of
    draws (95% confidence bound).'
    """
    bound = 1 - 0.05 ** (1 / n_controls)
    where = "the only control" if n_controls == 1 else f"all {n_controls} controls"
    return (
        f"The phrase survives in {where}; random removals may still eliminate it in up to "
        f"{bound:.0%} of draws (95% confidence bound)."
    )


def shown_ids(arm: Arm, most: int = 3) -> str:
    """The first ids of the instances that an arm left out, and the number of further ones."""
    more = len(arm.instance_ids) - most
    return ", ".join(arm.instance_ids[:most]) + (f" and {more} more" if more > 0 else "")


def phrase_range(quote: str, answer: str) -> tuple[int, int] | None:
    """First occurrence of the marked words in an answer, ignoring case; None if there is none.

    Whole words are preferred.

    >>> phrase_range("Tony", "Stony Tony")
    (6, 10)
    """
    for pattern in (rf"(?<!\w){re.escape(quote.strip())}(?!\w)", re.escape(quote.strip())):
        match = re.search(pattern, answer, re.IGNORECASE)
        if match:
            return match.span()
    return None
