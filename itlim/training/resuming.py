"""A tuning run's state on disk, from which the same run resumes after a kill, bit by bit."""

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from itlim.errors import InputError
from itlim.training.tuning_run import TuningState

STATE_FILE = "unfinished.pt"
_UNFINISHED = STATE_FILE + ".part"


class StateFile:
    """The latest state of a tuning run, in the folder of its result.

    Args:
        folder: folder of the result; must exist.
        identity: everything that determines the tuned weights, by name.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self._folder = folder
        self._path = folder / STATE_FILE
        self._identity = {name: str(value) for name, value in identity.items()}
        self.spent: dict[str, float] = {}
        """Seconds that the run spent before the state that `load` returned, by kind of clock."""

    def load(self) -> TuningState | None:
        """The stored state; None if there is none.

        Raises:
            InputError: the file is damaged, or belongs to a run with other settings.
        """
        import torch

        if not self._path.exists():
            return None
        try:
            content = torch.load(self._path, map_location="cpu", weights_only=True)
            identity, state = content["identity"], content["state"]
        except (OSError, RuntimeError, KeyError, TypeError, EOFError, UnpicklingError) as error:
            raise InputError(
                f"{self._path} cannot be read ({type(error).__name__}): delete {self._folder} and "
                "start again."
            ) from error
        names = sorted(identity.keys() | self._identity.keys())
        changed = [name for name in names if identity.get(name) != self._identity.get(name)]
        if changed:
            raise InputError(
                f"{self._folder} contains an unfinished run with other settings "
                f"({', '.join(changed)}). Repeat its command to resume it, or name another folder."
            )
        self.spent = content["spent"]
        return TuningState(**state)

    def save(self, state: TuningState, spent: Mapping[str, float]) -> None:
        """Replace the stored state; a kill leaves either the old or the new one."""
        import torch

        content = {
            "identity": self._identity,
            "spent": dict(spent),
            "state": {field.name: getattr(state, field.name) for field in fields(state)},
        }
        unfinished = self._folder / _UNFINISHED
        with unfinished.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path)

    def remove(self) -> None:
        """Delete the stored state, once the result is written."""
        for name in (_UNFINISHED, STATE_FILE):
            (self._folder / name).unlink(missing_ok=True)


def is_resumable(folder: Path) -> bool:
    """Whether the folder contains the state of an unfinished run."""
    return (folder / STATE_FILE).exists()


def is_unused(folder: Path) -> bool:
    """Whether a folder is missing or contains nothing that a run finished writing."""
    return not folder.exists() or all(one.name == _UNFINISHED for one in folder.iterdir())
