"""The indexes in which a batch traces phrases; those that are missing are built by words alone."""

from collections.abc import Sequence

from itlim.batch.tracing import TracedDataset
from itlim.errors import InputError
from itlim.ids import content_hash
from itlim.library import Library
from itlim.progress import Progress
from itlim.records import Pair


def datasets_to_trace(pairs: Sequence[Pair], together: Sequence[str] = ()) -> list[str]:
    """Names of the datasets in which phrases are traced, each once.

    Args:
        pairs: the pairs of the batch.
        together: datasets that the caller named; each pair's own if empty.

    Raises:
        InputError: the dataset of a pair is unknown, and none was named.
    """
    if together:
        return list(dict.fromkeys(together))
    unknown = [pair.name for pair in pairs if pair.dataset is None]
    if unknown:
        raise InputError(
            f"--trace: the dataset of {', '.join(unknown)} is unknown. Name it in the library, "
            "name datasets to trace in, or do not trace."
        )
    return list(dict.fromkeys(pair.dataset for pair in pairs if pair.dataset is not None))


def traced_dataset(library: Library, name: str, progress: Progress | None = None) -> TracedDataset:
    """A dataset with its index.

    Raises:
        ItlimError: the dataset is unknown or not on this machine, or its index cannot be built.
    """
    from itlim.trace import ensure_index

    index = ensure_index(library.dataset(name), lexical_only=True, progress=progress)
    key = content_hash(index.meta.dataset_sha256, index.meta.recipe)
    return TracedDataset(folder=index.folder, key=key)
