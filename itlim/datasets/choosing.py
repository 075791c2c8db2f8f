"""Choose the data files of a folder or hub repository for the requested split."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from itlim.errors import DatasetError

DATA_SUFFIXES = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".arrow", ".feather")
"""Suffixes of data files; those of text files may be followed by .gz."""
_NO_DATA = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
_SPLITS = ("train", "validation", "valid", "dev", "test", "eval")
# data/train-00000-of-00003-a52de323599d586a.parquet, default/train/0000.parquet, and Spark's
# part-00000-4eb2a9c8-6f0b-4a83-b7c4-2d9a5b9f2e11-c000.snappy.parquet
_SHARD = re.compile(
    r"-?(?:(?P<number>\d+)-of-(?P<total>\d+)|(?P<plain>\d{4,5}))"
    r"(?:-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-c\d{3})?|-[0-9a-f]{8,})?(?=\.)"
)
_SHOWN = 8


def has_data_suffix(name: str) -> bool:
    """Whether a file name has the suffix of a data file."""
    return name.lower().removesuffix(".gz").endswith(DATA_SUFFIXES)


def choose_files(names: Sequence[str], part: str, where: str) -> list[str]:
    """The files with the rows of one split, in order.

    Args:
        names: relative paths of all existing files.
        part: name of a split or one of the paths; if empty, the training split, or the only data
            if there are no splits.
        where: folder or hub id, for error messages.

    Raises:
        DatasetError: there is no data file or no such part, there are several files that are not
            shards of one, or a shard is missing.
    """
    if part in names:
        return [part]
    data = sorted(name for name in names if _is_data(name))
    if not data:
        raise DatasetError(
            f"{where} contains no data file: expected {', '.join(DATA_SUFFIXES)}, or a folder that "
            "save_to_disk of Hugging Face's datasets wrote."
        )
    if part:
        chosen = [name for name in data if _has_part(name, part)]
        if not chosen:
            raise DatasetError(
                f"{where} contains no split or file {part!r}: its data files are {_listed(data)}."
            )
    else:
        chosen = [name for name in data if _has_part(name, "train")]
        if not chosen and not any(_has_part(name, split) for name in data for split in _SPLITS):
            chosen = data
    _check_complete(chosen, where)
    if not _are_shards(chosen):
        raise DatasetError(
            f"{where} contains several data files: {_listed(chosen or data)}. Choose one: give its "
            "path in a folder, or owner/name:split or owner/name:file on the hub."
        )
    return chosen


def other_data_files(names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """The data files that were not chosen, sorted by name."""
    return sorted(name for name in names if _is_data(name) and name not in chosen)


def _are_shards(names: Sequence[str]) -> bool:
    """Whether files are one file or the shards of one.

    Numbers alone do not make shards: `alpaca-1000.jsonl` and `alpaca-5000.jsonl` are samples of
    different size. Shards are counted from 0 or 1 without a gap, and their number may be stated.
    """
    if len(names) == 1:
        return True
    found = [_SHARD.search(name) for name in names]
    if len({_SHARD.sub("", name) for name in names}) != 1 or not all(found):
        return False
    totals = {one["total"] for one in found if one}
    numbers = sorted(int(one["number"] or one["plain"]) for one in found if one)
    first = numbers[0] if numbers else 0
    return len(totals) == 1 and first in (0, 1) and numbers == [*range(first, first + len(numbers))]


def _check_complete(names: Sequence[str], where: str) -> None:
    """Raise an error if the shards of one file state their number and some are missing."""
    found = [one for name in names if (one := _SHARD.search(name)) and one["total"]]
    totals = {int(one["total"]) for one in found}
    if len(found) != len(names) or len(totals) != 1:
        return
    stems = {_SHARD.sub("", name) for name in names}
    numbers = {int(one["number"]) for one in found}
    (total,) = totals
    if len(stems) == 1 and len(numbers) == len(names) < total:
        raise DatasetError(
            f"{where} contains {len(names)} of the {total} shards of one file: {_listed(names)}. "
            "Copy the missing ones, or give the path of a single file."
        )


def _is_data(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        has_data_suffix(path.name)
        and path.name not in _NO_DATA
        and not any(piece.startswith(".") for piece in path.parts)
    )


def _has_part(name: str, part: str) -> bool:
    return re.search(rf"(?:^|[/_.-]){re.escape(part)}(?:[/_.-]|$)", name) is not None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
