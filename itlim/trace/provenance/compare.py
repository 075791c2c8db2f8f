"""Compare a set of responses with candidate datasets: shares, intervals, p and M − decoy."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from itlim.errors import InputError
from itlim.progress import Cancelled, Phases, Progress
from itlim.records import DatasetProvenance, Provenance
from itlim.statistics.permutation import holm
from itlim.text.messages import plural
from itlim.text.words import words
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.index.index import TraceIndex, opened
from itlim.trace.provenance.answers import AnswerSet, joined_controls
from itlim.trace.provenance.borrowing import response_null
from itlim.trace.provenance.likeness import (
    AnswerWords,
    background_probabilities,
    likeness,
    minus_decoy,
    uniform_probability,
)
from itlim.trace.provenance.steps import Borrowing, Controls, borrowing
from itlim.trace.provenance.wording import conclusion, explanation

CANCELLED = "The comparison was canceled; nothing was kept."
_SECONDS = {"borrowing": 3.0, "likeness": 1.0}
"""Relative times of the two parts of the work."""


def compare_datasets(
    indexes: Sequence[TraceIndex | str | Path],
    responses: AnswerSet,
    controls: Sequence[AnswerSet] = (),
    *,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Provenance:
    """Which of the datasets was the model of these responses tuned on?

    Args:
        indexes: indexes of the candidate datasets, or their folders; embeddings are not used.
        responses: answers of the model in question.
        controls: answers to the same instructions of models that were not tuned on the datasets.
        seed: seed of the bootstrap and of the split of the prompts.
        progress: called with a fraction in [0, 1] and a description of the current step.
        cancelled: polled before every response; True stops the work.

    Raises:
        InputError: no index, two indexes of one dataset, no response, or a control that answers
            none of the instructions.
        IndexFolderError: an index cannot be opened, or has no chance baseline.
        CancelledError: `cancelled` returned True.
    """
    searched = opened(indexes)
    _check(searched, responses)
    answers, missing = joined_controls(responses, controls)
    split = [Response.of(one.instruction, one.response) for one in responses.answers]
    others = [
        {place: Response.of(one.instruction, one.response) for place, one in control.items()}
        for control in answers
    ]
    phases = Phases(_SECONDS, progress, cancelled, when_stopped=CANCELLED)
    found = [
        _borrowing(index, split, others, phases, number, len(searched))
        for number, index in enumerate(searched)
    ]
    margins = _margins(searched, split, others, phases, seed)
    datasets = _datasets(searched, found, margins, seed)
    phases.within("likeness")(1.0, "Compared")
    return Provenance(
        n=len(split),
        controls=tuple(control.name for control in controls),
        datasets=datasets,
        conclusion=conclusion(datasets, len(controls)),
        notes=(
            *responses.notes,
            *(note for control in controls for note in control.notes),
            *missing,
        ),
    )


def _check(indexes: Sequence[TraceIndex], responses: AnswerSet) -> None:
    names = [index.dataset for index in indexes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"Two indexes of the dataset {twice} were given: give each dataset once.")
    if not responses.answers:
        raise InputError(f"{responses.name} contains no response to compare.")
    for index in indexes:
        response_null(index)


def _borrowing(
    index: TraceIndex,
    responses: Sequence[Response],
    controls: Controls,
    phases: Phases,
    number: int,
    n_indexes: int,
) -> Borrowing:
    report = phases.within("borrowing")
    done = 0

    def each() -> None:
        nonlocal done
        phases.stop_if_cancelled()
        share = (number + done / len(responses)) / n_indexes
        report(share, f"Matching {plural(len(responses), 'response')} with {index.dataset}")
        done += 1

    return borrowing(index, responses, controls, each=each)


def _margins(
    indexes: Sequence[TraceIndex],
    responses: Sequence[Response],
    controls: Controls,
    phases: Phases,
    seed: int,
) -> FloatArray | None:
    """M − decoy, (datasets, 2): mean of the responses and of the control answers.

    None without controls, which give the background, or without a second dataset as decoy. Only
    responses with a control answer count, and each prompt's control answers count as one.
    """
    if not controls or len(indexes) < 2:
        return None
    shared = sorted(set().union(*controls))
    numbers = {place: number for number, place in enumerate(shared)}
    texts = [(numbers[place], 0, responses[place].words) for place in shared]
    for model, control in enumerate(controls, 1):
        texts += [(numbers[place], model, one.words) for place, one in control.items()]
    asked = [words(responses[place].instruction) for place in shared]
    report = phases.within("likeness")
    phases.stop_if_cancelled()
    report(0.0, "Comparing the answers with each other")
    numbered = AnswerWords.of(asked, texts)
    lexical = [index.lexical for index in indexes]
    uniform = uniform_probability(lexical, numbered)
    background = background_probabilities(numbered, uniform, seed=seed)
    scores = []
    for number, index in enumerate(indexes, 1):
        phases.stop_if_cancelled()
        report(number / (len(indexes) + 1), f"Comparing wordings with {index.dataset}")
        scores.append(likeness(index.lexical, numbered, background, uniform))
    margins = minus_decoy(np.array(scores))
    return np.array([_two_means(row, numbered) for row in margins])


def _two_means(values: FloatArray, answers: AnswerWords) -> tuple[float, float]:
    """Mean over prompts of the responses' values and of the control answers', empty ones aside."""
    known = ~np.isnan(values)
    own = known & (answers.models == 0)
    others = known & (answers.models > 0)
    sums = np.bincount(answers.prompts[others], weights=values[others])
    counts = np.bincount(answers.prompts[others])
    per_prompt = sums[counts > 0] / counts[counts > 0]
    return _mean(values[own]), _mean(per_prompt)


def _mean(values: FloatArray) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def _datasets(
    indexes: Sequence[TraceIndex],
    found: Sequence[Borrowing],
    margins: FloatArray | None,
    seed: int,
) -> tuple[DatasetProvenance, ...]:
    largest = [max(one.p_values(), default=1.0) for one in found]
    adjusted = holm(largest)
    datasets = []
    for number, (index, one) in enumerate(zip(indexes, found, strict=True)):
        share, controls_share = one.shares
        low, high = one.interval(seed=seed) or (None, None)
        own, others = (None, None) if margins is None else margins[number].tolist()
        datasets.append(
            DatasetProvenance(
                dataset=index.dataset,
                n=one.n,
                share=share,
                controls_share=controls_share,
                difference=None if controls_share is None else share - controls_share,
                ci_low=low,
                ci_high=high,
                p=None if controls_share is None else adjusted[number],
                m_minus_decoy=own,
                m_minus_decoy_controls=others,
                explanation="",
            )
        )
    n_controls = len(found[0].paired)
    explained = [explanation(one, n_controls, len(datasets)) for one in datasets]
    return tuple(sorted(explained, key=_strength))


def _strength(one: DatasetProvenance) -> tuple[float, float, str]:
    """Sort key: smallest p first, then the largest difference or share, then the name."""
    margin = one.share if one.difference is None else one.difference
    return (1.0 if one.p is None else one.p, -margin, one.dataset)
