"""Ask which dataset the model of a set of responses was tuned on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itlim import records
from itlim.errors import InputError
from itlim.progress import Cancelled, Progress

if TYPE_CHECKING:
    import pandas as pd

    from itlim.api.tracing import Indexes
    from itlim.trace.provenance.answers import AnswerSet

Answers = str | Path | Iterable[Mapping[str, Any]]
"""A file with `instruction` and `output`, or rows with `instruction` and `response` or `output`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance(records.Provenance):
    """Candidate datasets of a set of responses, strongest evidence first, in `datasets`.

    In a notebook, it is displayed as a table with its conclusion.
    """

    def to_pandas(self) -> "pd.DataFrame":
        """One row per dataset; the columns are the fields of `DatasetProvenance`."""
        import pandas as pd

        return pd.DataFrame(list(self.document()["datasets"]))

    def _repr_html_(self) -> str:
        shown = self.to_pandas().drop(columns="explanation")
        table = shown.to_html(index=False, na_rep="–", float_format=lambda value: f"{value:.3g}")
        return f"{table}<p>{escape(self.conclusion)}</p>"


def provenance(
    responses: Answers,
    indexes: "Indexes",
    *,
    controls: Sequence[Answers] | Mapping[str, Answers] = (),
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Provenance:
    """Compare a set of responses with candidate datasets: which was the model tuned on?

    A response is flagged if its rarest stretch that occurs verbatim in the dataset has p < .05
    under the index's chance baseline and is neither style nor in the instruction. Common facts are
    flagged too, so only the comparison with other models' answers to the same prompts tells.

    Args:
        responses: answers of the model in question: a file, or rows such as runs.
        indexes: one or more indexes of candidate datasets; embeddings are not needed.
        controls: answers of models that were not tuned on the datasets to the same instructions,
            one set per model; or a mapping from names to them.
        seed: seed of the bootstrap and of the split of the prompts.
        progress: called with a fraction in [0, 1] and a description of the current step.
        cancelled: called before every response; returns True to stop.

    Returns:
        Per dataset the share of flagged responses, the paired difference from the controls with
        its interval, a set-level p, and M − decoy. Without controls, p is None.

    Raises:
        InputError: no index or response, or a control that answers none of the instructions.
        DatasetError: a file cannot be read.
        IndexFolderError: an index cannot be opened, or has no chance baseline.
        CancelledError: `cancelled` returned True.
    """
    from itlim.trace.provenance.compare import compare_datasets

    if isinstance(controls, str | Path):
        raise InputError(f"Controls: got {str(controls)!r:.80}, expected a list. Put it in [].")
    named = (
        controls.items()
        if isinstance(controls, Mapping)
        else ((f"control {number}", one) for number, one in enumerate(controls, 1))
    )
    several = isinstance(indexes, Sequence) and not isinstance(indexes, str | Path)
    found = compare_datasets(
        indexes if several else [indexes],  # type: ignore[list-item, arg-type]
        _answers("responses", responses),
        [_answers(name, one) for name, one in named],
        seed=seed,
        progress=progress,
        cancelled=cancelled,
    )
    return Provenance(**{one.name: getattr(found, one.name) for one in fields(found)})


def _answers(name: str, given: Answers) -> "AnswerSet":
    from itlim.trace.provenance.answers import answers_of_rows, read_answers

    if isinstance(given, str | Path):
        return read_answers(given)
    return answers_of_rows(name, given)
