"""Content hashes of model folders, so that a run id can be computed without loading a model.

A hash is cached by path, size and mtime of the folder's files: an unchanged folder costs a
few `stat` calls, a changed one is read again.
"""

import hashlib
import json
import logging
import os
from contextlib import suppress
from pathlib import Path

from itlim.errors import ModelLoadError
from itlim.models.model_files import how_to_build
from itlim.records import ModelSource, Pair, PairHashes
from itlim.settings import user_folder
from itlim.text.messages import reason_of

_LOG = logging.getLogger(__name__)
_SUFFIXES = (".safetensors", ".gguf", ".bin", ".json", ".model", ".txt", ".jinja", ".pt")
# Files next to the weights that do not affect what a model computes.
_IGNORED = frozenset({"training.json", "trainer_state.json", "README.md"})
_BLOCK_BYTES = 1 << 22


def fingerprint(source: ModelSource, cache_file: Path | None = None) -> str:
    """Hash of every file of a model that affects what the model computes.

    Args:
        source: folder, GGUF file or hub id; a hub id gives `hub:<id>@<commit>`.
        cache_file: file of cached hashes; by default in the user's folder.

    Raises:
        ModelLoadError: the source is neither a folder nor a hub id with a known commit, or a file
            cannot be read.
    """
    folder = Path(source.path).expanduser()
    if hint := how_to_build(source):
        raise ModelLoadError(hint)
    if not folder.exists():
        return _hub_fingerprint(source)
    try:
        return _local_fingerprint(folder, cache_file)
    except OSError as error:
        raise ModelLoadError(
            f"The files of the model {folder} cannot be read ({error}). If they were moved or "
            "removed, put them back, or remove the pair under Data & models."
        ) from error


def _local_fingerprint(folder: Path, cache_file: Path | None) -> str:
    files = [folder] if folder.is_file() else _model_files(folder)
    stamp = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
    cache_path = cache_file or user_folder() / "fingerprints.json"
    cache = _read_cache(cache_path)
    known = cache.get(str(folder.resolve()))
    if known and known["stamp"] == stamp:
        return str(known["hash"])
    digest = _content_hash(files)
    cache[str(folder.resolve())] = {"stamp": stamp, "hash": digest}
    _write_cache(cache_path, cache)
    return digest


def pair_hashes(pair: Pair) -> PairHashes:
    """Hashes of both models; one reading where a model is compared with itself.

    Raises:
        ModelLoadError: a model is neither a folder nor a hub id whose commit is known.
    """
    base = fingerprint(pair.base)
    same = pair.tuned_source == pair.base
    return PairHashes(base=base, tuned=base if same else fingerprint(pair.tuned_source))


def _model_files(folder: Path) -> list[Path]:
    files = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix in _SUFFIXES and path.name not in _IGNORED
    )
    if not files:
        raise ModelLoadError(
            f"{folder} contains no model files: expected config.json or adapter_config.json and "
            "*.safetensors, or a .gguf file."
        )
    return files


def _content_hash(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        part = hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                part.update(block)
        whole.update(path.name.encode() + b"\0" + part.digest())
    return whole.hexdigest()


def _hub_fingerprint(source: ModelSource) -> str:
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        for name in ("config.json", "adapter_config.json"):
            cached = try_to_load_from_cache(source.path, name, revision=source.revision)
            if isinstance(cached, str):
                # …/snapshots/<commit>/config.json
                return f"hub:{source.path}@{Path(cached).parent.name}"
        commit = HfApi().model_info(source.path, revision=source.revision).sha
    except HFValidationError as error:
        raise ModelLoadError(
            f"{source.path!r} is neither a folder or GGUF file on this machine nor a hub id such "
            'as "meta-llama/Llama-2-7b-hf".'
        ) from error
    except Exception as error:
        raise ModelLoadError(
            f"{source.path!r} is not a folder on this machine, and the model hub did not return "
            f"it: {reason_of(error)} Check the name and the connection, or give a local folder."
        ) from error
    return f"hub:{source.path}@{commit}"


def _read_cache(path: Path) -> dict[str, dict[str, object]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        # Without a cache the files are only hashed once more.
        return {}
    return content if isinstance(content, dict) else {}


def _write_cache(path: Path, cache: dict[str, dict[str, object]]) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(cache), encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        # As in `_read_cache`; a full disk does not keep a model from being used.
        _LOG.warning("%s cannot be written: %s", path, error)
        with suppress(OSError):
            draft.unlink(missing_ok=True)
