"""The batches of the app on this machine, and which of them cannot be read."""

from contextlib import suppress
from pathlib import Path

from itlim.batch.folders import REQUEST_FILE, BatchFolder
from itlim.errors import ItlimError
from itlim.settings import user_folder


def batches_folder() -> Path:
    """The user's folder of batches."""
    return user_folder() / "batches"


def list_batches(folder: Path | None = None) -> list[BatchFolder]:
    """All batches, the newest first; folders without a readable request are left out."""
    found = []
    for batch in _all_batches(folder):
        with suppress(ItlimError):
            found.append((batch.request().requested_at, batch))
    return [batch for _, batch in sorted(found, key=lambda one: (one[0], one[1].id), reverse=True)]


def damaged_batches(folder: Path | None = None) -> list[ItlimError]:
    """Why batches are left out of `list_batches`: one error for each."""
    found = []
    for batch in _all_batches(folder):
        try:
            batch.request()
        except ItlimError as error:
            found.append(error)
    return found


def _all_batches(folder: Path | None) -> list[BatchFolder]:
    places = (folder or batches_folder()).glob(f"*/{REQUEST_FILE}")
    return [BatchFolder(path.parent) for path in sorted(places)]
