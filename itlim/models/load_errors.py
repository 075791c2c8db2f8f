"""Convert exceptions of the model libraries into errors that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path

from itlim.errors import ItlimError, ModelLoadError, OutOfMemoryError
from itlim.models.file_faults import broken_json
from itlim.models.sources import is_local, location
from itlim.records import ModelSource
from itlim.text.messages import reason_of

_MEMORY_SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")


@contextmanager
def load_errors(
    source: ModelSource, what: str, passed_on: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Convert exceptions of the libraries while loading into errors that say what to do.

    Args:
        source: what is being loaded.
        what: its role, such as "model" or "tokenizer".
        passed_on: exceptions that the caller handles.

    Raises:
        OutOfMemoryError: memory ran out.
        ModelLoadError: any other failure.
    """
    try:
        with memory_errors(f"loading the {what} {source.path}"):
            yield
    except ItlimError:
        raise
    except passed_on:
        raise
    except Exception as error:
        raise ModelLoadError(_diagnosis(source, what, error)) from error


@contextmanager
def memory_errors(doing: str) -> Iterator[None]:
    """Convert every library's out-of-memory exception into `OutOfMemoryError`.

    Raises:
        OutOfMemoryError: memory ran out inside the block.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or _is_memory_error(error):
            raise OutOfMemoryError(
                f"Memory ran out while {doing}. Close other programs, choose a smaller dtype "
                "(bfloat16), a smaller model, or load the pair one model after the other "
                "(placement sequential)."
            ) from error
        raise


def _is_memory_error(error: BaseException) -> bool:
    return any(sign in str(error).lower() for sign in _MEMORY_SIGNS)


def _diagnosis(source: ModelSource, what: str, error: Exception) -> str:
    reason = reason_of(error)
    if is_local(source):
        broken = broken_json(Path(location(source))) if isinstance(error, JSONDecodeError) else ""
        return f"The {what} in {location(source)} cannot be loaded: {broken or reason}"
    return (
        f"The {what} {source.path!r} cannot be loaded from the hub: {reason} "
        "Check the id, the revision and the connection, or give a local folder."
    )
