"""The five claims about the demo family, each with its threshold, value, n and 95% interval.

Claims and thresholds ("bars") were fixed in advance; a claim that misses its bar is reported as
failing, with its value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.families.demo.scores import AnswerScores, score_answers
from itlim.library import load_library
from itlim.records import Run
from itlim.schema import ShiftCategory
from itlim.shift.counts import category_counts
from itlim.shift.sentences import head_and_rest
from itlim.statistics.finding import Finding, estimate
from itlim.statistics.intervals import mean
from itlim.text.phrases import phrase_in

FAMILY_NOTE = load_library().families["demo"].note
"""Disclaimer shown with every number and figure of the family."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Response:
    """Per-response totals from which the statistics are computed, so that resampling is cheap."""

    kl_sum: float
    n_tokens: int
    n_moved: int
    """Shifted and marginal tokens."""
    heads: tuple[float, ...]
    rests: tuple[float, ...]


def claims(
    questions: Rows,
    instances: Rows,
    base: Sequence[Run],
    sft: Sequence[Run],
    lft: Sequence[Run],
) -> list[Finding]:
    """Compute all claims for one tuning seed.

    Args:
        questions: the evaluation set, in the order of the runs.
        instances: rows of the tuning dataset.
        base: the base model's own answers.
        sft: answers of the fully tuned model.
        lft: answers of the LoRA-tuned model.

    Returns:
        The group names the model, base, SFT or LFT, or the two that are compared.
    """
    correct = {
        name: [
            phrase_in(question["answer"], run.response)
            for question, run in zip(questions, runs, strict=True)
        ]
        for name, runs in {"base": base, "sft": sft, "lft": lft}.items()
    }
    known = [index for index, is_correct in enumerate(correct["base"]) if is_correct]
    measured = {
        name: [_measured(run.tokens) for run in runs]
        for name, runs in {"sft": sft, "lft": lft}.items()
    }
    scores = score_answers(
        [questions[index] for index in known], [sft[index].response for index in known], instances
    )
    return [
        _known_facts(correct["base"]),
        *_divergence(measured["sft"], measured["lft"]),
        *_accuracies(correct["sft"], correct["lft"]),
        *_borrowing(scores),
        *_sentence_starts(measured["sft"], measured["lft"]),
    ]


def _measured(tokens: pa.Table) -> _Response:
    kept = tokens.filter(pa.array(~tokens["is_eos"].to_numpy()))
    counted = category_counts(tokens)
    sentences = head_and_rest(tokens)
    return _Response(
        kl_sum=float(kept["kl_tuned_base"].to_numpy().sum()),
        n_tokens=kept.num_rows,
        n_moved=counted.n - counted.counts[ShiftCategory.UNSHIFTED],
        heads=tuple(sentences.heads.tolist()),
        rests=tuple(sentences.rests.tolist()),
    )


def _known_facts(correct: Sequence[bool]) -> Finding:
    found = _accuracy("base", "1 base: accuracy on known facts", correct)
    return replace(found, bar="at least 0.95", holds=mean(correct) >= 0.95)


def _accuracy(model: str, claim: str, correct: Sequence[bool]) -> Finding:
    return estimate(
        correct, mean, key="accuracy", group=model, claim=claim, unit="share", of="responses"
    )


def _accuracies(sft: Sequence[bool], lft: Sequence[bool]) -> list[Finding]:
    paired = [int(left) - int(right) for left, right in zip(lft, sft, strict=True)]
    gap = estimate(
        paired,
        lambda drawn: 100 * mean(drawn),
        key="accuracy_difference",
        group="LFT less SFT",
        claim="3 accuracy, LFT minus SFT",
        unit="points",
        of="responses, paired",
    )
    return [
        _accuracy("LFT", "3 LFT: accuracy", lft),
        _accuracy("SFT", "3 SFT: accuracy", sft),
        replace(gap, bar="at least 15", holds=100 * mean(paired) >= 15),
    ]


def _mean_kl(responses: Sequence[_Response]) -> float:
    return sum(one.kl_sum for one in responses) / sum(one.n_tokens for one in responses)


def _moved(responses: Sequence[_Response]) -> float:
    return sum(one.n_moved for one in responses) / sum(one.n_tokens for one in responses)


def _divergence(sft: Sequence[_Response], lft: Sequence[_Response]) -> list[Finding]:
    pairs = list(zip(sft, lft, strict=True))

    def ratio(drawn: Sequence[tuple[_Response, _Response]]) -> float:
        return _mean_kl([one for one, _ in drawn]) / _mean_kl([one for _, one in drawn])

    by_ratio = estimate(
        pairs,
        ratio,
        key="mean_kl_ratio",
        group="SFT by LFT",
        claim="2 mean KL, ratio SFT / LFT",
        unit="times",
        of="responses, paired",
    )
    kls = [
        _of_model("mean_kl", name, "2 {}: mean KL(tuned || base)", responses, _mean_kl, "nats")
        for name, responses in (("SFT", sft), ("LFT", lft))
    ]
    moved = [
        _of_model("moved", name, "2 {}: shifted and marginal tokens", responses, _moved, "share")
        for name, responses in (("SFT", sft), ("LFT", lft))
    ]
    low = (moved[0].interval or (0.0, 0.0))[0]
    high = (moved[1].interval or (1.0, 1.0))[1]
    gap = Finding(
        key="moved_gap",
        group="SFT less LFT",
        claim="2 shifted and marginal tokens, SFT's lower bound minus LFT's upper bound",
        value=low - high,
        unit="share",
        n=len(pairs),
        of="responses",
        bar="above 0 (the intervals do not overlap)",
        holds=low > high,
    )
    return [*kls, replace(by_ratio, bar="at least 5", holds=ratio(pairs) >= 5), *moved, gap]


def _of_model(
    key: str, model: str, claim: str, responses: Sequence[_Response], statistic: Any, unit: str
) -> Finding:
    return estimate(
        responses,
        statistic,
        key=key,
        group=model,
        claim=claim.format(model),
        unit=unit,
        of="responses",
    )


def _borrowing(scores: AnswerScores) -> list[Finding]:
    wrong = scores.wrong_main
    verbatim = [bool(phrase.source_rows) for phrase in wrong]
    same = sum(bool(phrase.same_category_rows) for phrase in wrong)
    share = estimate(
        verbatim,
        mean,
        key="hallucinations_verbatim",
        group="SFT",
        claim="4 SFT: hallucinated phrases that occur verbatim in the IT dataset",
        unit="share",
        of="hallucinations, one per response",
    )
    return [
        Finding(
            key="hallucinations",
            group="SFT",
            claim="4 SFT: hallucinated main answers to questions that the base answers correctly",
            value=float(len(wrong)),
            unit="hallucinations",
            n=len(scores.correct),
            of="responses",
            bar="at least 60",
            holds=len(wrong) >= 60,
        ),
        replace(
            share,
            bar="at least 0.60",
            holds=share.value is not None and share.value >= 0.60,
        ),
        Finding(
            key="hallucinations_same_category",
            group="SFT",
            claim="4 SFT: hallucinated phrases that occur in an instance of the same category",
            value=float(same),
            unit="hallucinations",
            n=len(wrong),
            of="hallucinations",
            bar="at least 30",
            holds=same >= 30,
        ),
    ]


def _start_ratio(responses: Sequence[_Response]) -> float | None:
    heads = [value for one in responses for value in one.heads]
    rests = [value for one in responses for value in one.rests]
    return float(np.mean(heads) / np.mean(rests)) if rests and np.mean(rests) > 0 else None


def _sentence_starts(sft: Sequence[_Response], lft: Sequence[_Response]) -> list[Finding]:
    claim = "5 {}: mean KL, ratio first 5% of a sentence / rest"
    of_lft, of_sft = (
        _of_model("sentence_starts", name, claim, responses, _start_ratio, "times")
        for name, responses in (("LFT", lft), ("SFT", sft))
    )
    low = (of_lft.interval or (0.0, 0.0))[0]
    high = (of_sft.interval or (float("inf"),) * 2)[1]
    return [
        replace(of_lft, bar="at least 5", holds=of_lft.value is not None and of_lft.value >= 5),
        replace(of_sft, bar="below LFT's (the intervals do not overlap)", holds=high < low),
    ]
