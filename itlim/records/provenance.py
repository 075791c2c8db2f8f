"""Results of comparing a set of responses with candidate datasets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetProvenance:
    """One candidate dataset: how often the responses repeat it beyond chance."""

    dataset: str
    """Name of the dataset, as stored in its index."""
    n: int
    """Number of responses compared: those to a prompt that a control also answers; all responses
    without controls."""
    share: float
    """Share of responses borrowed beyond chance, in [0, 1]."""
    controls_share: float | None
    """The same share of the control answers, mean over controls; None without controls."""
    difference: float | None
    """`share` − `controls_share`, paired by prompt; None without controls."""
    ci_low: float | None
    """Lower bound of the difference's 95% bootstrap interval over prompts; None if undefined."""
    ci_high: float | None
    p: float | None
    """Set-level p: the largest sign-flip p over the controls, Holm-adjusted over the datasets;
    None without controls."""
    m_minus_decoy: float | None
    """Mean over responses of M − decoy, nats per word (`trace/provenance/likeness`); None without
    controls or with a single dataset."""
    m_minus_decoy_controls: float | None
    """The same mean over the control answers."""
    explanation: str
    """What the numbers say, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Candidate datasets of a set of responses, strongest evidence first."""

    n: int
    """Number of responses."""
    controls: tuple[str, ...]
    """Names of the control models or files."""
    datasets: tuple[DatasetProvenance, ...]
    conclusion: str
    """What can and cannot be said, in one sentence."""
    notes: tuple[str, ...] = ()
    """What became of rows that were not used, and of prompts without a counterpart."""

    def document(self) -> Mapping[str, Any]:
        """The result as a JSON object."""
        return {
            "n": self.n,
            "controls": list(self.controls),
            "datasets": [asdict(one) for one in self.datasets],
            "conclusion": self.conclusion,
            "notes": list(self.notes),
        }
