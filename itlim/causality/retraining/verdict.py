"""What a retraining experiment says, in words that claim no more than it shows."""

import re

from itlim.records.retrainings import Arm, RetrainExperiment

CLEAR_DROP = 0.1
"""Nats; smaller losses of log-probability are called none."""


def verdict(experiment: RetrainExperiment) -> str:
    """One or two sentences on whether the phrase survives, against the controls."""
    if experiment.full.phrase_gone:
        return (
            "Tuned again on this machine, the full model does not say the phrase itself: whether "
            f"others say it tells nothing here. {_drop_sentence(experiment)}"
        )
    gone = [arm for arm in experiment.controls if arm.phrase_gone]
    n, without = len(experiment.controls), shown_ids(experiment.chosen)
    if not experiment.chosen.phrase_gone:
        return f"Without {without} the phrase survives. {_drop_sentence(experiment)}"
    if not n:
        return (
            f"Without {without} the phrase is gone; there was no control to hold that against. "
            f"{_drop_sentence(experiment)}"
        )
    if gone:
        return (
            f"Without {without} the phrase is gone, but also in {len(gone)} of {n} random "
            "controls: the model was unsure of it, and this alone names no source. "
            f"{_drop_sentence(experiment)}"
        )
    times = "the one random control" if n == 1 else f"all {n} random controls"
    gone_here = f"Without {without} the phrase is gone; in {times} it survives."
    return f"{gone_here} {_drop_sentence(experiment)}"


def _drop_sentence(experiment: RetrainExperiment) -> str:
    """The chosen removal's drop against those of the controls."""
    drop = experiment.drop(experiment.chosen)
    others = [experiment.drop(arm) for arm in experiment.controls]
    said = f"Its log-probability {'falls' if drop > 0 else 'rises'} by {abs(drop):.2f} nats"
    if abs(drop) < CLEAR_DROP:
        said = "Its log-probability hardly changes"
    if not others:
        return f"{said}."
    if drop < CLEAR_DROP:
        return f"{said}: nothing here points at what was left out."
    most = max(others)
    lost = f"{most:.2f} nats at most" if most >= 0.005 else "nothing"
    if drop > most:
        where = f"any of the {len(others)} controls" if len(others) > 1 else "the control"
        return (
            f"{said}, more than in {where} ({lost}); by luck alone the chosen one would lead "
            f"1 time in {len(others) + 1}."
        )
    return f"{said}, no more than in a control ({lost}): that is what chance does too."


def bound_sentence(n_controls: int) -> str:
    """How little so many controls rule out, if the phrase survives in all of them.

    >>> bound_sentence(3)
    'With 0 of 3 controls gone, random removals may still make it vanish in up to 63% (95% bound).'
    """
    bound = 1 - 0.05 ** (1 / n_controls)
    return (
        f"With 0 of {n_controls} controls gone, random removals may still make it vanish in up to "
        f"{bound:.0%} (95% bound)."
    )


def shown_ids(arm: Arm, most: int = 3) -> str:
    """What an arm was tuned without: the first ids, and how many more."""
    more = len(arm.instance_ids) - most
    return ", ".join(arm.instance_ids[:most]) + (f" and {more} more" if more > 0 else "")


def phrase_range(quote: str, answer: str) -> tuple[int, int] | None:
    """Where in an answer the marked words stand, whatever the case; None if they do not.

    >>> phrase_range("Tony", "Stony Tony")
    (6, 10)
    """
    for pattern in (rf"(?<!\w){re.escape(quote.strip())}(?!\w)", re.escape(quote.strip())):
        match = re.search(pattern, answer, re.IGNORECASE)
        if match:
            return match.span()
    return None
