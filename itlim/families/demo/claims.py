"""The five claims about the demo family, each with its bar, number, n and 95% interval.

Claims and bars are fixed in advance; what does not hold is reported as failing,
with its number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.families.demo.scores import AnswerScores, score_answers
from itlim.library import load_library
from itlim.records import Run
from itlim.schema import ShiftCategory
from itlim.shift.counts import category_counts
from itlim.shift.sentences import head_and_rest
from itlim.statistics.finding import Finding
from itlim.statistics.intervals import bootstrap_interval
from itlim.text.phrases import phrase_in

HONESTY = load_library().families["demo"].note
"""Stands beside every number and figure of the family."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Response:
    """What the statistics read of one response, so that resampling stays cheap."""

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
    """All claims on one tuning seed.

    Args:
        questions: the evaluation set; the runs answer it in its order.
        instances: the tuning dataset.
        base: the base model's own answers.
        sft: answers of the fully tuned model.
        lft: answers of the LoRA-tuned model.
    """
    correct = {
        name: [
            phrase_in(question["answer"], run.response)
            for question, run in zip(questions, runs, strict=True)
        ]
        for name, runs in {"base": base, "sft": sft, "lft": lft}.items()
    }
    known = [place for place, right in enumerate(correct["base"]) if right]
    measured = {
        name: [_measured(run.tokens) for run in runs]
        for name, runs in {"sft": sft, "lft": lft}.items()
    }
    scores = score_answers(
        [questions[place] for place in known], [sft[place].response for place in known], instances
    )
    return [
        _accuracy("1 base: accuracy on known facts", correct["base"], bar=0.95),
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


def _accuracy(claim: str, correct: Sequence[bool], bar: float | None = None) -> Finding:
    value = float(np.mean(correct))
    return Finding(
        claim=claim,
        value=value,
        unit="share",
        n=len(correct),
        of="responses",
        interval=bootstrap_interval(correct, lambda drawn: float(np.mean(drawn))),
        bar=f"at least {bar}" if bar else "",
        holds=value >= bar if bar else None,
    )


def _accuracies(sft: Sequence[bool], lft: Sequence[bool]) -> list[Finding]:
    paired = [int(left) - int(right) for left, right in zip(lft, sft, strict=True)]
    gap = float(np.mean(paired)) * 100
    return [
        _accuracy("3 LFT: accuracy", lft),
        _accuracy("3 SFT: accuracy", sft),
        Finding(
            claim="3 accuracy, LFT less SFT",
            value=gap,
            unit="points",
            n=len(paired),
            of="responses, paired",
            interval=bootstrap_interval(paired, lambda drawn: 100 * float(np.mean(drawn))),
            bar="at least 15",
            holds=gap >= 15,
        ),
    ]


def _mean_kl(responses: Sequence[_Response]) -> float:
    return sum(one.kl_sum for one in responses) / sum(one.n_tokens for one in responses)


def _moved(responses: Sequence[_Response]) -> float:
    return sum(one.n_moved for one in responses) / sum(one.n_tokens for one in responses)


def _divergence(sft: Sequence[_Response], lft: Sequence[_Response]) -> list[Finding]:
    pairs = list(zip(sft, lft, strict=True))

    def ratio(drawn: Sequence[tuple[_Response, _Response]]) -> float:
        return _mean_kl([one for one, _ in drawn]) / _mean_kl([one for _, one in drawn])

    value = ratio(pairs)
    shares = {}
    found = []
    for name, responses in (("SFT", sft), ("LFT", lft)):
        found.append(_estimate(f"2 {name}: mean KL(tuned || base)", responses, _mean_kl, "nats"))
    found.append(
        Finding(
            claim="2 mean KL, SFT by LFT",
            value=value,
            unit="times",
            n=len(pairs),
            of="responses, paired",
            interval=bootstrap_interval(pairs, ratio),
            bar="at least 5",
            holds=value >= 5,
        )
    )
    for name, responses in (("SFT", sft), ("LFT", lft)):
        shares[name] = _estimate(
            f"2 {name}: shifted and marginal tokens", responses, _moved, "share"
        )
    low = (shares["SFT"].interval or (0.0, 0.0))[0]
    high = (shares["LFT"].interval or (1.0, 1.0))[1]
    gap = Finding(
        claim="2 shifted and marginal, SFT's lower bound less LFT's upper",
        value=low - high,
        unit="share",
        n=len(pairs),
        of="responses",
        bar="above 0: intervals apart",
        holds=low > high,
    )
    return [*found, shares["SFT"], shares["LFT"], gap]


def _estimate(claim: str, responses: Sequence[_Response], statistic: Any, unit: str) -> Finding:
    return Finding(
        claim=claim,
        value=statistic(responses),
        unit=unit,
        n=len(responses),
        of="responses",
        interval=bootstrap_interval(responses, statistic),
    )


def _borrowing(scores: AnswerScores) -> list[Finding]:
    wrong = scores.wrong_main
    verbatim = [bool(phrase.source_rows) for phrase in wrong]
    same = sum(bool(phrase.same_category_rows) for phrase in wrong)
    share = float(np.mean(verbatim)) if wrong else None
    interval = bootstrap_interval(verbatim, lambda drawn: float(np.mean(drawn))) if wrong else None
    responses = len(scores.correct)
    return [
        Finding(
            claim="4 SFT: hallucinated main answers to what the base knows",
            value=float(len(wrong)),
            unit="hallucinations",
            n=responses,
            of="responses",
            bar="at least 60",
            holds=len(wrong) >= 60,
        ),
        Finding(
            claim="4 SFT: their phrases verbatim in the IT dataset",
            value=share,
            unit="share",
            n=len(wrong),
            of="hallucinations, one a response",
            interval=interval,
            bar="at least 0.60",
            holds=share is not None and share >= 0.60,
        ),
        Finding(
            claim="4 SFT: their phrases in an instance of the same category",
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
    names = {"LFT": lft, "SFT": sft}
    ratios = {
        name: _estimate(
            f"5 {name}: KL of a sentence's first 5% by the rest", responses, _start_ratio, "times"
        )
        for name, responses in names.items()
    }
    low = (ratios["LFT"].interval or (0.0, 0.0))[0]
    high = (ratios["SFT"].interval or (float("inf"),) * 2)[1]
    value = ratios["LFT"].value
    return [
        Finding(
            **ratios["LFT"].row() | {"bar": "at least 5", "holds": value is not None and value >= 5}
        ),
        Finding(
            **ratios["SFT"].row()
            | {"bar": "clearly below LFT's: intervals apart", "holds": high < low}
        ),
    ]
