"""A dataset's profile as numbers to export. All instances are counted: there are no intervals."""

from collections.abc import Iterator

from itlim.findings.estimates import PERCENT, Estimate
from itlim.findings.profiles import QUARTILES, DatasetProfile, Lengths


def profile_estimates(profile: DatasetProfile) -> list[Estimate]:
    """Sizes, lengths, and shares of tasks, topics and first words; `pair` is the dataset's name."""
    shares = [
        _number(profile, f"dataset_{name}_{value}", f"{claim} “{value}”", 100 * n / profile.n,
                PERCENT)
        for name, claim, counts in (
            ("task", f"instances with {profile.task_column}", profile.tasks),
            ("topic", f"instances with {profile.topic_column}", profile.topics),
            ("first_word", "instructions that begin with", profile.first_words),
        )
        for value, n in counts
    ]  # fmt: skip
    return [
        _number(profile, "dataset_instances", "instances", profile.n, "instances"),
        _number(profile, "dataset_with_input", "instances with an input", profile.n_with_input,
                "instances"),
        *_lengths(profile, "instruction", profile.instruction_words),
        *_lengths(profile, "response", profile.response_words),
        *shares,
    ]  # fmt: skip


def _lengths(profile: DatasetProfile, part: str, lengths: Lengths) -> Iterator[Estimate]:
    name = f"dataset_{part}_words"
    yield _number(profile, name, f"words per {part}, mean", lengths.mean, "words")
    for percent, value in zip(QUARTILES, lengths.percentiles, strict=True):
        claim = f"words per {part}, {percent}th percentile"
        yield _number(profile, f"{name}_{percent}", claim, value, "words")


def _number(profile: DatasetProfile, finding: str, claim: str, value: float, unit: str) -> Estimate:
    return Estimate(
        finding_id=finding,
        pair=profile.name,
        claim=claim,
        value=float(value),
        unit=unit,
        n=profile.n,
        of="instances",
        n_responses=0,
    )
