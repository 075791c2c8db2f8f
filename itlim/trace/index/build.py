"""Build an index atomically, and only if no current one exists.

All files are written to a draft folder beside the target, which is renamed when it is complete. A
lock serializes builds of one target; a second build then finds the result of the first.
"""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import itlim
from itlim.datasets import DatasetReader, open_dataset
from itlim.disk import is_full
from itlim.errors import DatasetError, IndexFolderError
from itlim.library import DatasetEntry
from itlim.progress import Cancelled, Phases, Progress
from itlim.trace.index.folders import (
    default_index_folder,
    draft_folder,
    existing_index,
    index_folder,
    locked,
    move_into_place,
    recipe,
)
from itlim.trace.index.index import TraceIndex, open_index
from itlim.trace.index.interrupted import recover
from itlim.trace.index.manifest import (
    VECTOR_FILES,
    EncoderFacts,
    IndexMeta,
    checksum_files,
    write_meta,
)
from itlim.trace.index.source_files import SourceFile, content_digest, source_files
from itlim.trace.index.writing import write_chance, write_meaning, write_words
from itlim.trace.meaning.encoder import SentenceEncoder, get_encoder
from itlim.trace.words.instances_file import InstancesFile
from itlim.trace.words.lexical import CANCELLED

UP_TO_DATE = "Up to date"
"""Last progress message if there was nothing to do."""
# Shares of the build time, measured on Dolly.
_WORDS = {"read": 9.0, "sort": 9.0, "chance": 6.0, "write": 2.0}
_WORDS_AND_MEANING = {
    "read": 1.0,
    "sort": 1.0,
    "chance": 1.0,
    "instructions": 16.0,
    "pairs": 80.0,
    "write": 2.0,
}


def ensure_index(
    entry: DatasetEntry,
    out: str | Path | None = None,
    *,
    lexical_only: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> TraceIndex:
    """Open the index of a dataset; build it if it is missing or out of date.

    Args:
        entry: the dataset.
        out: the index's folder; the default folder if not given.
        lexical_only: whether an index without embeddings suffices.
        progress: called with a fraction in [0, 1] and a message.
        cancelled: polled about once per second; True stops the build.

    Raises:
        ItlimError: as `build_index`.
    """
    try:
        found = open_index(out or index_folder(entry))
    except IndexFolderError:
        # Missing or unusable: if it cannot be built either, `build_index` raises.
        pass
    else:
        is_same_dataset = found.dataset == entry.name
        if is_same_dataset and (found.has_meaning or lexical_only) and not found.is_stale():
            return found
    return build_index(
        entry, out, lexical_only=lexical_only, progress=progress, cancelled=cancelled
    )


def build_index(
    entry: DatasetEntry,
    out: str | Path | None = None,
    *,
    lexical_only: bool = False,
    encoder: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> TraceIndex:
    """Build the index of a dataset, or open it if it exists and is up to date.

    If a lexical-only index of the same content exists, only the embeddings are added.

    Args:
        entry: the dataset.
        out: the index's folder; the default folder if not given.
        lexical_only: leave out the embeddings, which take nearly all of the time.
        encoder: name of the encoder; `chosen_encoder()` if not given.
        force: rebuild even if it is up to date, and replace the index of another dataset.
        progress: called with a fraction in [0, 1] and a message.
        cancelled: polled about once per second; True stops the build.

    Raises:
        DatasetError: the dataset cannot be read, or contains no usable row.
        InputError: `out` contains something else.
        EncoderError: the encoder cannot be loaded.
        CancelledError: `cancelled` returned True; nothing is left behind.
        IndexFolderError: the folder cannot be written.
    """
    phases = Phases(
        _WORDS if lexical_only else _WORDS_AND_MEANING, progress, cancelled, when_stopped=CANCELLED
    )
    content = _Content.of(entry, phases)
    target = Path(out).absolute() if out else default_index_folder(entry, content.sha256, encoder)
    chosen = None if lexical_only else get_encoder(encoder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target, phases):
            recover(target)
            existing = existing_index(target, entry, force=force)
            if _is_current(existing, content, chosen) and not force:
                phases.say(UP_TO_DATE)
            else:
                lacks_meaning = (
                    existing is not None and content.matches(existing) and not existing.encoder
                )
                base = existing if lacks_meaning and chosen is not None and not force else None
                _build(target, content, chosen, base, phases)
    except OSError as error:
        reason = "no space is left on its disk" if is_full(error) else error.strerror or error
        raise IndexFolderError(
            f"The index {target} cannot be written: {reason}. None of it is kept. Free some "
            "disk space, or choose another folder."
        ) from error
    return open_index(target)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The current content of a dataset."""

    entry: DatasetEntry
    reader: DatasetReader
    files: tuple[SourceFile, ...]
    sha256: str

    @classmethod
    def of(cls, entry: DatasetEntry, phases: Phases) -> "_Content":
        reader = open_dataset(
            entry.located(),
            entry.name,
            format=entry.format,
            mapping=entry.mapping or None,
            progress=lambda _fraction, message: phases.say(message),
        )
        try:
            files = source_files([file.path for file in reader.files])
        except OSError as error:
            raise DatasetError(f"{reader.source} cannot be read: {error.strerror}.") from error
        return cls(entry=entry, reader=reader, files=files, sha256=content_digest(files))

    def matches(self, meta: IndexMeta) -> bool:
        """Whether an index was made from this content, read in the same way."""
        return (meta.recipe, meta.dataset_sha256) == (recipe(self.entry), self.sha256)


def _is_current(
    existing: IndexMeta | None, content: _Content, encoder: SentenceEncoder | None
) -> bool:
    if existing is None or not content.matches(existing):
        return False
    if encoder is None:
        return True
    facts = existing.encoder
    return facts is not None and (
        (facts.name, facts.fingerprint) == (encoder.name, encoder.fingerprint)
    )


def _build(
    target: Path,
    content: _Content,
    encoder: SentenceEncoder | None,
    base: IndexMeta | None,
    phases: Phases,
) -> None:
    """Write the index, or add the embeddings to `base`, the existing index at the target."""
    with draft_folder(target) as draft:
        words = None if base else write_words(draft, content.reader, phases)
        if base is None:
            write_chance(draft, phases)
        instances = InstancesFile(target if base else draft)
        facts = write_meaning(draft, instances, encoder, phases) if encoder else None
        phases.within("write")(0.0, "Writing")
        checksums = checksum_files(draft, [path.name for path in draft.iterdir()])
        if any(file.has_changed() for file in content.files):
            raise DatasetError(
                f"{content.reader.source} changed while it was being read. Build the index again."
            )
        phases.stop_if_cancelled()
        if base is None:
            meta = replace(_meta(content, words or {}, facts), files=checksums)
            write_meta(draft, meta)
            move_into_place(draft, target)
        else:
            for name in VECTOR_FILES:
                os.replace(draft / name, target / name)
            # Last: until then the folder is still a valid lexical-only index.
            write_meta(target, replace(base, encoder=facts, files={**base.files, **checksums}))
        phases.within("write")(1.0, "Done")


def _meta(content: _Content, words: dict[str, Any], encoder: EncoderFacts | None) -> IndexMeta:
    reader = content.reader
    return IndexMeta(
        dataset=content.entry.name,
        source=str(content.entry.source),
        recipe=recipe(content.entry),
        source_files=content.files,
        dataset_sha256=content.sha256,
        format=str(reader.format),
        mapping=reader.mapping.as_dict(),
        licence=content.entry.licence,
        n_instances=words["n_instances"],
        n_contents=words["n_contents"],
        n_words=words["n_words"],
        n_bad_rows=reader.n_bad_rows,
        encoder=encoder,
        normaliser=words["normaliser"],
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        itlim_version=itlim.__version__,
        files={},
    )
