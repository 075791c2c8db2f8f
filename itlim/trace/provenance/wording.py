"""Say in words what the comparison with a dataset shows, and what it cannot show."""

from collections.abc import Sequence
from dataclasses import replace

from itlim.records import DatasetProvenance
from itlim.records.traces import BEYOND_CHANCE
from itlim.text.messages import plural


def explanation(one: DatasetProvenance, n_controls: int, n_datasets: int) -> DatasetProvenance:
    """The same dataset with its `explanation`, one sentence per statistic."""
    sentences = [_share(one, n_controls), _p(one, n_controls, n_datasets), _margin(one)]
    return replace(one, explanation=" ".join(sentence for sentence in sentences if sentence))


def conclusion(datasets: Sequence[DatasetProvenance], n_controls: int) -> str:
    """One honest sentence about all datasets, strongest first."""
    first = datasets[0]
    if first.p is None:
        return (
            "Without answers of other models to the same instructions, these shares cannot tell "
            "whether the model was tuned on any of the datasets: common facts and phrases are "
            "flagged as well. Give control answers."
        )
    found = [one.dataset for one in datasets if one.p is not None and one.p < BEYOND_CHANCE]
    than = "the control does" if n_controls == 1 else "any of the controls does"
    if not found:
        return (
            f"No dataset stands out: the responses repeat none of them significantly more often "
            f"than {than}. This does not exclude that the model was tuned on one of them."
        )
    if len(found) == 1:
        return (
            f"The responses repeat {found[0]} more often than {than} (p = {first.p:.2g}), as a "
            "model tuned on it would; a dataset with the same texts, or by the same author, would "
            "look alike."
        )
    return (
        f"The responses repeat {', '.join(found[:-1])} and {found[-1]} more often than {than}; "
        "the datasets may share texts, so the order among them is not proof."
    )


def _share(one: DatasetProvenance, n_controls: int) -> str:
    said = (
        f"{one.share:.1%} of {plural(one.n, 'response')} repeat {one.dataset} beyond chance "
        f"(p < {BEYOND_CHANCE:g})"
    )
    if one.controls_share is None or one.difference is None:
        return f"{said}."
    interval = ""
    if one.ci_low is not None and one.ci_high is not None:
        interval = f", 95% interval {100 * one.ci_low:+.1f} to {100 * one.ci_high:+.1f}"
    who = "the control's" if n_controls == 1 else f"the {n_controls} controls'"
    return (
        f"{said}, and {one.controls_share:.1%} of {who} answers to the same prompts, cut to the "
        f"same length: a difference of {100 * one.difference:+.1f} points{interval}."
    )


def _p(one: DatasetProvenance, n_controls: int, n_datasets: int) -> str:
    if one.p is None:
        return "Without controls there is no p: how often any model is flagged is unknown."
    largest = "" if n_controls == 1 else f", the largest over {n_controls} controls"
    adjusted = "" if n_datasets == 1 else f", adjusted for {n_datasets} datasets (Holm)"
    return (
        f"If responses and control answers were interchangeable, as large an excess would occur "
        f"with probability p = {one.p:.2g}{largest}{adjusted}."
    )


def _margin(one: DatasetProvenance) -> str:
    if one.m_minus_decoy is None or one.m_minus_decoy_controls is None:
        return ""
    return (
        f"Its wording predicts the responses {one.m_minus_decoy:+.3f} nats per word better than "
        f"that of the best other dataset (the control answers {one.m_minus_decoy_controls:+.3f}); "
        "this includes style."
    )
