"""Model families that ship with itlim, as named in the shipped library."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itlim.errors import LibraryError
from itlim.library.documents import reject_unknown_keys
from itlim.settings import user_folder

SHIPPED_SEED = 0
"""Tuning seed of the shipped models, with whose answers stored retrainings are compared."""
_REQUIRED = frozenset({"title", "folder", "note"})
_KEYS = _REQUIRED | {"unmarked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedFamily:
    """Models that share a base, with their stored runs and held-out questions.

    Pages read a family's metadata here instead of importing the code that builds it.
    """

    name: str
    title: str
    folder: Path
    """Contains `models/`, `runs/` and `eval_test.jsonl`."""
    note: str
    """What the family demonstrates and what it does not; shown next to its numbers."""
    unmarked: str = ""
    """Why no phrase of the stored answers counts as marked; empty if some do."""

    @property
    def runs(self) -> Path:
        """Folder of the stored runs that every new database loads."""
        return self.folder / "runs"

    @property
    def variants(self) -> Path:
        """Folder of the stored runs of the library's variants, which databases do not load."""
        return self.folder / "variants"

    @property
    def featured(self) -> Path:
        """File with the id of the run that is shown on a first visit."""
        return self.runs / "featured.txt"

    @property
    def gold(self) -> Path:
        """Phrases of the stored answers that are wrong by the family's known answers."""
        return self.folder / "gold.parquet"

    @property
    def findings(self) -> Path:
        """Folder of findings that were computed from the stored runs."""
        return self.folder / "findings"

    @property
    def leave_out(self) -> Path:
        """Table of the family's leave-out study."""
        return self.folder / "leave_out.parquet"

    @property
    def remedies(self) -> Path:
        """Answers of models that were tuned with the paper's remedies (`REMEDY_ANSWERS`)."""
        return self.folder / "remedies" / "answers.parquet"

    @property
    def studied_pair(self) -> str:
        """The pair whose model the leave-out study retrains, if its file does not name one."""
        return f"{self.name}-sft"

    @property
    def questions(self) -> Path:
        """JSON Lines file of held-out instructions with their categories."""
        return self.folder / "eval_test.jsonl"

    def includes(self, model: str) -> bool:
        """Whether a model path, even one recorded on another machine, belongs to the family."""
        shipped = f"{self.folder.parent.name}/{self.folder.name}/models"
        # Models that are not shipped are built in the user's folder, which stored runs call {user}.
        built = (f"{{user}}/{self.folder.name}/", f"{user_folder() / self.folder.name}/")
        return shipped in model or model.startswith(built)


def family_of(name: str, entry: Mapping[str, Any], path: Path) -> ShippedFamily:
    """Read a `[families.NAME]` entry; its folder is relative to the library file.

    Raises:
        LibraryError: a key is unknown or missing.
    """
    where = f"{path}: [families.{name}]"
    reject_unknown_keys(entry, _KEYS, where)
    missing = sorted(_REQUIRED - set(entry))
    if missing:
        raise LibraryError(f"{where} lacks the key {missing[0]!r}.")
    return ShippedFamily(
        name=name,
        title=str(entry["title"]),
        folder=path.parent / str(entry["folder"]),
        note=str(entry["note"]),
        unmarked=str(entry.get("unmarked", "")),
    )
