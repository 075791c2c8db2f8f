"""The data files of a folder, and whether they are really inside the folders that may be read."""

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from itlim.datasets.choosing import choose_files, other_data_files
from itlim.errors import DatasetError

_SAVED_STATE, _SAVED_SPLITS = "state.json", "dataset_dict.json"


def files_in_folder(
    folder: Path, max_files: int, within: Sequence[Path] | None = None
) -> tuple[list[Path], list[str]]:
    """The data files of a folder, which `datasets` saved or which is a copy of a hub repository.

    Args:
        folder: the folder.
        max_files: maximum number of files in it.
        within: folders that contain each file that is opened; None for any place.

    Returns:
        The files of the dataset, and the names of other splits or data files.

    Raises:
        DatasetError: the folder is not one dataset, or has a file outside `within`.
    """
    if (folder / _SAVED_SPLITS).is_file():
        splits = _names(_json(folder / _SAVED_SPLITS, within).get("splits"), folder)
        if "train" not in splits and len(splits) != 1:
            raise DatasetError(
                f"{folder} contains the splits {', '.join(splits) or 'none'}: give the folder of "
                "one split."
            )
        chosen = "train" if "train" in splits else splits[0]
        others = [name for name in splits if name != chosen]
        return files_in_folder(folder / chosen, max_files, within)[0], others
    if (folder / _SAVED_STATE).is_file():
        files, others = _saved_files(folder, within), []
    else:
        found = (path for path in folder.rglob("*") if path.is_file())
        names = [path.relative_to(folder).as_posix() for path in islice(found, max_files + 1)]
        if len(names) > max_files:
            raise DatasetError(
                f"{folder} contains more than {max_files} files: give the data file."
            )
        chosen_names = choose_files(names, "", str(folder))
        files = [folder / name for name in chosen_names]
        others = other_data_files(names, chosen_names)
    for file in files:
        check_inside(file, within)
    return files, others


def is_inside(real: Path, folders: Sequence[Path]) -> bool:
    """Whether a path without links is in one of these folders."""
    return any(real.is_relative_to(folder.resolve()) for folder in folders)


def check_inside(path: Path, folders: Sequence[Path] | None) -> None:
    """Check that a file, after following links, is inside one of these folders; None for any.

    Raises:
        DatasetError: it is elsewhere.
    """
    real = path.resolve()
    if folders is not None and not is_inside(real, folders):
        raise DatasetError(
            f"{path} is a link to {real}, which is outside the folders that this app may read: "
            f"{', '.join(str(folder) for folder in folders)}. Copy the file instead of linking it, "
            "or allow its folder with ITLIM_DATA_FOLDERS."
        )


def _saved_files(folder: Path, within: Sequence[Path] | None) -> list[Path]:
    """The data files that `save_to_disk` wrote, in order."""
    state = _json(folder / _SAVED_STATE, within)
    if state.get("_indices_data_files"):
        raise DatasetError(
            f"{folder} was saved with an index by an old version of datasets. Load it, then call "
            "flatten_indices() and save_to_disk() again."
        )
    entries = state.get("_data_files")
    listed = [entry.get("filename") for entry in entries] if isinstance(entries, list) else []
    files = [folder / name for name in _names(listed, folder)]
    missing = next((file.name for file in files if not file.is_file()), None)
    if missing or not files:
        raise DatasetError(f"{folder} lacks {missing or 'its data files'}: copy it again.")
    return files


def _names(names: object, folder: Path) -> list[str]:
    """The texts among the names, each of which must name something directly in the folder."""
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    # The name of Path("..") is "..", too.
    if any(Path(name).name != name or name == ".." for name in texts):
        raise DatasetError(f"{folder} names files outside itself: {', '.join(texts)}.")
    return texts


def _json(path: Path, within: Sequence[Path] | None) -> dict[str, Any]:
    check_inside(path, within)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"Cannot read {path}: {error}. Copy the folder again.") from error
    if not isinstance(value, dict):
        raise DatasetError(f"{path} is not a JSON object. Copy the folder again.")
    return value
