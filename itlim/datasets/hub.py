"""List, choose and download the files of a dataset on the Hugging Face hub."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from itlim.datasets.choosing import choose_files, other_data_files
from itlim.errors import DatasetError
from itlim.progress import Progress

_HUB_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?::(?P<part>.+))?")
_SECONDS_TO_ANSWER = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HubId:
    """`owner/name`, `owner/name:split` or `owner/name:path/of/file`."""

    repo: str
    part: str = ""


class HubFiles(Protocol):
    """Interface to the hub, which tests replace."""

    def names(self, repo: str) -> Sequence[str]:
        """Paths of all files of a dataset repository."""

    def local(self, repo: str, name: str) -> Path:
        """Local path of a file, downloaded if necessary."""


def hub_id(source: str) -> HubId | None:
    """Parse a source as a hub id; None if it does not have this form."""
    found = _HUB_ID.fullmatch(source)
    return HubId(repo=found["repo"], part=found["part"] or "") if found else None


def download(
    source: HubId, hub: HubFiles, report: Progress | None = None
) -> tuple[list[Path], list[str]]:
    """Local copies of the data files of a hub dataset, in order, and the names of its other ones.

    Raises:
        DatasetError: the dataset does not exist or access is denied, there is neither a
            connection nor a local copy, or one of several data files must be chosen.
    """
    try:
        all_names = hub.names(source.repo)
        names = choose_files(all_names, source.part, source.repo)
        paths = []
        for done, name in enumerate(names):
            if report is not None:
                report(done / len(names), f"Downloading {name} of {source.repo}")
            paths.append(hub.local(source.repo, name))
    except DatasetError:
        raise
    except Exception as error:
        raise DatasetError(
            f"There is no local file or folder {source.repo}. {_diagnosis(source.repo, error)}"
        ) from error
    return paths, other_data_files(all_names, names)


class HuggingFaceHub:
    """The Hugging Face hub, or the local cache of an earlier download if it is unreachable."""

    def names(self, repo: str) -> Sequence[str]:
        from huggingface_hub import HfApi

        try:
            # Unlike list_repo_files, this does not retry for half a minute when offline.
            found = HfApi().dataset_info(repo, timeout=_SECONDS_TO_ANSWER)
        except Exception as error:
            if not _is_connection_error(error):
                raise
            return self._cached_names(repo, error)
        return [file.rfilename for file in found.siblings or []]

    def local(self, repo: str, name: str) -> Path:
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(repo, name, repo_type="dataset"))

    def _cached_names(self, repo: str, error: Exception) -> list[str]:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            folder = Path(snapshot_download(repo, repo_type="dataset", local_files_only=True))
        except LocalEntryNotFoundError:
            raise error from None
        return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def _is_connection_error(error: Exception) -> bool:
    # httpx's errors, ConnectionError (offline mode) and timeouts have no common base class.
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(
        names & {"TransportError", "ConnectionError", "TimeoutError", "LocalEntryNotFoundError"}
    )


def _diagnosis(repo: str, error: Exception) -> str:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        return (
            f"The hub dataset {repo} is gated: accept the terms on its page, then log in with "
            "`hf auth login`."
        )
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"The hub has no public dataset {repo} either. Check the id (owner/name), or log in "
            "with `hf auth login` if it is private."
        )
    if _is_connection_error(error):
        return (
            f"The hub cannot be reached, and its dataset {repo} is not in the local cache. On a "
            f"machine with a connection, run `hf download --repo-type dataset {repo} --local-dir "
            "FOLDER`, then give that folder or a file in it."
        )
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"The hub dataset {repo} cannot be downloaded: {reason}"
