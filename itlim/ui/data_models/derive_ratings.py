"""Filter by ratings of a judge, and find the filter whose control a random subset is to be."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from itlim.datasets.lineage import Lineage, read_lineage
from itlim.errors import DatasetError, InputError
from itlim.library import Library
from itlim.remedies.deriving import Derived, Parent
from itlim.remedies.filtering import Cut, filtered
from itlim.ui.shared.uploads import write_upload


def filtered_by_ratings(parent: Parent, score: str, cut: Cut, file: Any) -> Derived:
    """Keep the rows whose score in an uploaded file of ratings passes.

    Raises:
        InputError: the file is no file of ratings, or has none of these rows.
    """
    with TemporaryDirectory(prefix="itlim-ratings-") as folder:
        try:
            return filtered(parent, score, cut, ratings=write_upload(file, Path(folder)))
        except InputError as error:
            raise InputError(str(error).replace(f"{folder}/", "")) from error


def newest_filter(library: Library, parent: str) -> tuple[str, int] | None:
    """Name and number of rows of the newest filtered dataset that was made from another one."""
    found = {
        name: lineage
        for name, entry in library.datasets.items()
        if (lineage := _lineage(entry.path)) is not None
        and (lineage.operation, lineage.parent.name) == ("filter", parent)
    }
    if not found:
        return None
    name = max(found, key=lambda one: found[one].made_at)
    return name, found[name].rows


def _lineage(path: Path | None) -> Lineage | None:
    try:
        return read_lineage(path)
    except DatasetError:
        return None  # the list of derived datasets shows this error
