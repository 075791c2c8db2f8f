"""Model families that ship with itlim: named in the shipped library, found by their models."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itlim.errors import LibraryError
from itlim.library.documents import refuse_unknown_keys

_KEYS = frozenset({"title", "folder", "note"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedFamily:
    """Models that share a base, with the runs and questions that come with them.

    Pages read a family's facts from here, so that none imports the code that builds it.
    """

    name: str
    title: str
    folder: Path
    """Holds `models/`, `runs/` and `eval_test.jsonl`."""
    note: str
    """What the family is and what it is not; shown beside its numbers."""

    @property
    def runs(self) -> Path:
        """Folder of the stored runs that every new database loads."""
        return self.folder / "runs"

    @property
    def featured(self) -> Path:
        """File with the id of the run that a first visit opens with."""
        return self.runs / "featured.txt"

    @property
    def questions(self) -> Path:
        """JSON lines of held-out instructions with their categories."""
        return self.folder / "eval_test.jsonl"

    def includes(self, model: str) -> bool:
        """Whether a model path, also one recorded on another machine, is one of the family's."""
        return f"{self.folder.parent.name}/{self.folder.name}/models" in model


def family_of(name: str, entry: Mapping[str, Any], path: Path) -> ShippedFamily:
    """Read `[families.NAME]` of a library file; its folder is relative to the file.

    Raises:
        LibraryError: an unknown key, or a key is missing.
    """
    where = f"{path}: [families.{name}]"
    refuse_unknown_keys(entry, _KEYS, where)
    missing = sorted(_KEYS - set(entry))
    if missing:
        raise LibraryError(f"{where} lacks the key {missing[0]!r}.")
    return ShippedFamily(
        name=name,
        title=str(entry["title"]),
        folder=path.parent / str(entry["folder"]),
        note=str(entry["note"]),
    )
