"""Write the files of an index into an empty folder: words, chance baseline, embeddings."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets import DatasetReader, report_document
from itlim.datasets.lineage import read_lineage
from itlim.errors import DatasetError, InputError
from itlim.progress import Phases
from itlim.trace.index.manifest import (
    BAD_ROWS_FILE,
    INSTRUCTION_VECTORS,
    LINEAGE_FILE,
    NULL_FILE,
    PAIR_VECTORS,
    REPORT_FILE,
    EncoderFacts,
)
from itlim.trace.meaning.encoder import SentenceEncoder
from itlim.trace.meaning.vectors import pair_text, write_vectors
from itlim.trace.words.instances_file import InstancesFile, InstancesWriter
from itlim.trace.words.lexical import LexicalWriter
from itlim.trace.words.lexical_index import LexicalIndex


def write_words(folder: Path, reader: DatasetReader, phases: Phases) -> dict[str, Any]:
    """Stream a dataset into its instances, words, unusable rows, report and lineage.

    Returns:
        The result of `LexicalWriter.finish`.

    Raises:
        DatasetError: the dataset is truncated, or has no usable row.
        CancelledError: canceled.
    """
    instances, lexical = InstancesWriter(folder), LexicalWriter(folder)
    try:
        for batch in reader.batches(progress=phases.within("read"), cancelled=phases.cancelled):
            instances.add(batch)
            lexical.add(*_columns(batch, "instruction", "input", "response", "content_sha256"))
    finally:
        instances.finish()
    (folder / BAD_ROWS_FILE).write_text(
        json.dumps([asdict(row) for row in reader.bad_rows], ensure_ascii=False), encoding="utf-8"
    )
    (folder / REPORT_FILE).write_text(json.dumps(report_document(reader.report)), encoding="utf-8")
    if (lineage := read_lineage(reader.source)) is not None:
        text = json.dumps(lineage.document(), ensure_ascii=False)
        (folder / LINEAGE_FILE).write_text(text, encoding="utf-8")
    return lexical.finish(phases.within("sort"), phases.cancelled)


def write_chance(folder: Path, phases: Phases) -> None:
    """Fit and write the chance baseline; writes no file if the dataset is too small.

    Raises:
        CancelledError: canceled.
    """
    # Imported late: they load numba, which opening an index does not need.
    from itlim.trace.evidence.null import write_nulls
    from itlim.trace.index.null_fit import fit_nulls

    try:
        nulls = fit_nulls(
            LexicalIndex.open(folder),
            own_texts(InstancesFile(folder)),
            progress=phases.within("chance"),
            cancelled=phases.cancelled,
        )
    except DatasetError:
        raise  # the reference file is missing; continuing without a baseline would hide that
    except InputError:
        return
    write_nulls(folder / NULL_FILE, nulls)


def own_texts(instances: InstancesFile) -> Callable[[int], tuple[str, str]]:
    """A function that returns instruction and response of the instance at a position."""

    def own(position: int) -> tuple[str, str]:
        row = instances[position]
        return row["instruction"], row["response"]

    return own


def write_meaning(
    folder: Path, instances: InstancesFile, encoder: SentenceEncoder, phases: Phases
) -> EncoderFacts:
    """Embed the instructions and the pairs of instances.

    Raises:
        EncoderError: the encoder cannot be loaded.
        CancelledError: canceled.
    """
    phases.say(f"Loading the encoder {encoder.name}")
    # Taken before encoding: the encoder's files may change in the meantime.
    fingerprint = encoder.fingerprint
    facts = {
        phase: write_vectors(
            folder / name,
            texts,
            len(instances),
            encoder,
            progress=_percent(phases, phase),
            cancelled=phases.cancelled,
        )
        for phase, name, texts in (
            ("instructions", INSTRUCTION_VECTORS, _instructions(instances)),
            ("pairs", PAIR_VECTORS, _pairs(instances)),
        )
    }
    return EncoderFacts(
        name=encoder.name,
        fingerprint=fingerprint,
        dimension=facts["pairs"]["dimension"],
        n_instructions_cut=facts["instructions"]["n_cut"],
        n_pairs_cut=facts["pairs"]["n_cut"],
    )


def _percent(phases: Phases, phase: str) -> Callable[[float], None]:
    report = phases.within(phase)

    def step(fraction: float) -> None:
        report(fraction, f"Embedding {phase}: {fraction:.0%}")

    return step


def _instructions(instances: InstancesFile) -> Iterator[list[str]]:
    for batch in instances.batches():
        yield batch["instruction"].to_pylist()


def _pairs(instances: InstancesFile) -> Iterator[list[str]]:
    for batch in instances.batches():
        columns = _columns(batch, "instruction", "input", "response")
        yield [pair_text(*texts) for texts in zip(*columns, strict=True)]


def _columns(batch: pa.RecordBatch, *names: str) -> list[list[str]]:
    return [batch[name].to_pylist() for name in names]
