"""Build and open indexes, and trace a span or a whole response to training instances."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from itlim.errors import InputError
from itlim.library import load_library
from itlim.progress import Cancelled, Progress
from itlim.records import StoredRun, Trace, VerbatimSpan
from itlim.text.phrases import quoted_span
from itlim.text.prompts import asked_text

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

    Indexes = TraceIndex | str | Path | Sequence[TraceIndex | str | Path]

Span = str | tuple[int, int]
"""Words of the response (their first occurrence), or a half-open code-point range."""


def build_index(
    dataset: str | Path,
    folder: str | Path | None = None,
    *,
    lexical_only: bool = False,
    encoder: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> "TraceIndex":
    """Build the index of an instruction-tuning dataset, or open it if it is up to date.

    Args:
        dataset: name in the library, file, folder or hub id.
        folder: folder of the index; the default folder if None.
        lexical_only: omit the embeddings, which take nearly all of the time.
        encoder: Sentence-Transformers folder or hub id; the default encoder if None.
        force: build again even if the index is up to date.
        progress: called with a fraction in [0, 1] and a description of the current step.
        cancelled: called about once per second; returns True to stop.

    Raises:
        DatasetError: the dataset cannot be read, or has no usable row.
        EncoderError: the encoder cannot be loaded.
        CancelledError: `cancelled` returned True; nothing is left behind.
    """
    from itlim.trace import build_index as build

    return build(
        load_library().dataset_at(str(dataset)),
        None if folder is None else Path(folder),
        lexical_only=lexical_only,
        encoder=encoder,
        force=force,
        progress=progress,
        cancelled=cancelled,
    )


def open_index(folder: str | Path) -> "TraceIndex":
    """Open an existing index.

    Raises:
        IndexMissingError: the folder is not an index.
        IndexDamagedError: a file is missing or was modified.
    """
    from itlim.trace import open_index as open_

    return open_(Path(folder))


def trace_span(
    run: StoredRun,
    span: Span | None,
    indexes: "Indexes",
    *,
    top: int = 10,
    lexical_only: bool = False,
) -> Trace:
    """Rank the training instances that words of a response may have been borrowed from.

    Args:
        run: from `inspect`, `score`, `load_run` or `read_responses`.
        span: words of the response, such as "Gucci", or their half-open code-point range; None
            for the phrase that is most likely borrowed, whose p is corrected for the choice.
        indexes: one or more indexes, as open indexes or as folders.
        top: maximum number of candidates to return.
        lexical_only: rank by words only, without an encoder.

    Raises:
        InputError: the words are not in the response, the range contains no word, or no phrase
            occurs in the datasets.
    """
    from itlim.trace import default_phrase
    from itlim.trace import trace_span as trace

    opened, n_choices = _opened(indexes), 1
    asked = asked_text(run.instruction, run.input)
    if span is None:
        found = default_phrase(opened, instruction=asked, response=run.response)
        if found is None:
            raise InputError("No rare word of the response occurs in the datasets: give a span.")
        start, stop, n_choices = found.start, found.stop, found.n_choices
    else:
        start, stop = quoted_span(run.response, span) if isinstance(span, str) else span
    return trace(
        opened,
        instruction=asked,
        response=run.response,
        start=start,
        stop=stop,
        top=top,
        lexical_only=lexical_only,
        n_choices=n_choices,
    )


def fit_chance(
    index: "TraceIndex | str | Path",
    controls: Sequence[str | Path] | Sequence[tuple[str, str]] | None,
    *,
    source: str = "your control answers",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> "TraceIndex":
    """Fit the chance baseline of an index to answers of models not tuned on its dataset.

    Args:
        index: an open index or its folder.
        controls: files with `instruction` and `output` (in any format of datasets), or pairs of
            instruction and response; None returns to the reference that ships with itlim.
        source: description of the controls, shown beside every p-value.
        progress: called with a fraction in [0, 1] and a description of the current step.
        cancelled: called between spans; returns True to stop, which changes nothing.

    Returns:
        The index, opened again.

    Raises:
        DatasetError: a file cannot be read.
        InputError: there are too few control answers.
    """
    from itlim.trace import fit_chance as fit
    from itlim.trace.provenance.answers import read_answers

    given: list[tuple[str, str]] = []
    for one in controls or ():
        given += read_answers(one).pairs if isinstance(one, str | Path) else [one]
    pairs = None if controls is None else given
    return fit(index, pairs, source=source, progress=progress, cancelled=cancelled)


def trace_response(run: StoredRun, indexes: "Indexes") -> tuple[VerbatimSpan, ...]:
    """Find all rare spans of a response that occur verbatim in the datasets, in text order.

    Args:
        run: from `inspect`, `score`, `load_run` or `read_responses`.
        indexes: one or more indexes, as open indexes or as folders.
    """
    from itlim.trace import verbatim_spans

    asked = asked_text(run.instruction, run.input)
    return verbatim_spans(_opened(indexes), instruction=asked, response=run.response)


def _opened(indexes: "Indexes") -> "list[TraceIndex]":
    if isinstance(indexes, str | Path) or not isinstance(indexes, Sequence):
        indexes = [indexes]
    if not indexes:
        raise InputError("No index was given: build one with itlim.build_index(dataset).")
    return [open_index(one) if isinstance(one, str | Path) else one for one in indexes]
