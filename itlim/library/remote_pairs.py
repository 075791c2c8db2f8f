"""Entries of pairs with a model behind a server: `base` or `tuned` is a table instead of a path."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from itlim.endpoints.settings import EndpointSettings
from itlim.errors import LibraryError
from itlim.library.documents import reject_unknown_keys, usable_paths
from itlim.library.entries import source_of, template_named_in
from itlim.records import PromptTemplate, RemotePair, RemoteSource, ServerModel

_KEYS = frozenset({"base", "tuned", "template", "dataset", "note", "dtype", "device"})
_MODEL_KEYS = frozenset({"url", "model", "tokenizer"})


def is_remote(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of the section `pairs` has a model behind a server."""
    return any(isinstance(entry.get(role), dict) for role in ("base", "tuned"))


def remote_pair_of(
    name: str,
    entry: Mapping[str, Any],
    path: Path,
    templates: Mapping[str, PromptTemplate],
) -> RemotePair:
    """Read a `[pairs.NAME]` entry with a model behind a server.

    Raises:
        LibraryError: the entry is invalid, names an unknown template, or has an adapter, which only
            a local base can have.
    """
    where = f"{path}: [pairs.{name}]"
    if "adapter" in entry:
        raise LibraryError(
            f"{where} has an adapter, which only a local base can have. Serve the adapter as a "
            "model of its own, as with vLLM's --lora-modules, and name that model under tuned."
        )
    reject_unknown_keys(entry, _KEYS, where)
    for key in _KEYS - {"base", "tuned"}:
        if key in entry and not isinstance(entry[key], str):
            raise LibraryError(f"{where} {key} is a {type(entry[key]).__name__}: expected text.")
    template = template_named_in(entry, templates, where)
    with usable_paths(where):
        return RemotePair(
            name=name,
            base=_source(entry, "base", path, where),
            tuned=_source(entry, "tuned", path, where),
            template=template,
            dataset=entry.get("dataset") or None,
            note=entry.get("note", ""),
        )


def remote_entry(pair: RemotePair) -> dict[str, Any]:
    """The library file's entry for a pair with a model behind a server."""
    entry: dict[str, Any] = {
        "base": _source_entry(pair.base),
        "tuned": _source_entry(pair.tuned),
        "template": pair.template_name,
    }
    for source in (pair.base, pair.tuned):
        if not isinstance(source, ServerModel):
            named = {"dtype": source.dtype, "device": source.device}
            entry |= {key: value for key, value in named.items() if value != "auto"}
    optional = {"dataset": pair.dataset, "note": pair.note}
    return entry | {key: value for key, value in optional.items() if value}


def _source(entry: Mapping[str, Any], role: str, path: Path, where: str) -> RemoteSource:
    given = entry.get(role)
    if isinstance(given, str):
        return source_of(entry, role, "revision", path)
    if not isinstance(given, dict):
        raise LibraryError(
            f'{where} lacks a {role} model: expected {role} = "folder" or {role} = {{ url = "…", '
            'model = "…", tokenizer = "folder" }.'
        )
    reject_unknown_keys(given, _MODEL_KEYS, f"{where} {role}")
    values = {key: str(given.get(key, "")) for key in _MODEL_KEYS}
    # Checks the address, which must not contain a password.
    EndpointSettings(base_url=values["url"], model=values["model"] or "?")
    local = path.parent / Path(values["tokenizer"]).expanduser()
    if values["tokenizer"] and local.exists():
        values["tokenizer"] = str(local.resolve())
    return ServerModel(**values)


def _source_entry(source: RemoteSource) -> str | dict[str, str]:
    if isinstance(source, ServerModel):
        return {"url": source.url, "model": source.model, "tokenizer": source.tokenizer}
    return source.path
