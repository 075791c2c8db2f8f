"""The library file: model pairs, datasets and templates by name, for page and command line.

Two TOML files are read: the shipped one (the demo family), then the user's,
whose entries win. Relative paths are relative to the file that holds them.

    [pairs.my-lora]
    base = "meta-llama/Llama-2-7b-hf"    # folder or hub id
    adapter = "adapters/dolly"           # or: tuned = "…"
    template = "alpaca"
    dataset = "dolly"
    dtype = "bfloat16"                   # optional: dtype, device, revision, allow_pickle

    [datasets.dolly]
    path = "dolly-15k.jsonl"

    [templates.mine]
    without_input = "Q: {instruction}\\nA:"
    with_input = "Q: {instruction}\\n{input}\\nA:"
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from itlim.errors import InputError, LibraryError, NotFoundError
from itlim.prompts import CHAT, TEMPLATES
from itlim.records import ModelSource, Pair, PromptTemplate
from itlim.settings import SHIPPED_LIBRARY, user_library_path

_SOURCE_KEYS = frozenset({"revision", "tuned_revision", "dtype", "device", "allow_pickle"})
_PAIR_KEYS = _SOURCE_KEYS | {"base", "tuned", "adapter", "template", "dataset", "note"}
_TEMPLATE_KEYS = frozenset(
    {"without_input", "with_input", "response_prefix", "adds_special_tokens"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """A named instruction-tuning dataset."""

    name: str
    path: Path
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Everything that can be chosen by name."""

    pairs: Mapping[str, Pair]
    datasets: Mapping[str, DatasetEntry]
    templates: Mapping[str, PromptTemplate]

    def template(self, name: str) -> str | PromptTemplate:
        """The template of that name; `chat` stands for the tokenizer's own.

        Raises:
            InputError: no such template; the message lists those that exist.
        """
        if name != CHAT and name not in self.templates:
            known = ", ".join((*self.templates, CHAT))
            raise InputError(f"Unknown prompt template {name!r}: expected one of {known}.")
        return self.templates.get(name, name)

    def pair(self, name: str) -> Pair:
        """The pair of that name.

        Raises:
            NotFoundError: no such pair; the message lists those that exist.
        """
        if name not in self.pairs:
            raise NotFoundError(
                f"No pair named {name!r}. Known pairs: {', '.join(sorted(self.pairs)) or 'none'}. "
                f"Add one in the app or in {user_library_path()}."
            )
        return self.pairs[name]


def load_library(user_file: Path | None = None) -> Library:
    """Read the shipped library and the user's (default: `settings.user_library_path()`).

    Raises:
        LibraryError: a file is not TOML, or an entry is wrong; file and entry are named.
    """
    merged = Library(pairs={}, datasets={}, templates=dict(TEMPLATES))
    for path in (SHIPPED_LIBRARY, user_file or user_library_path()):
        if path.exists():
            merged = _merged(merged, path)
    return merged


def base_alone(pair: Pair) -> Pair:
    """The base model compared with itself under the pair's template: its own answer."""
    return Pair(name=f"{Path(pair.base.path).name} (base)", base=pair.base, template=pair.template)


def add_pair(pair: Pair, user_file: Path | None = None) -> None:
    """Write one pair into the user's library file; the rest of the file's entries stay."""
    path = user_file or user_library_path()
    document = _read(path) if path.exists() else {}
    document.setdefault("pairs", {})[pair.name] = _pair_entry(pair)
    _write(document, path)


def remove_pair(name: str, user_file: Path | None = None) -> None:
    """Take one pair out of the user's library file; its models stay where they are."""
    path = user_file or user_library_path()
    document = _read(path) if path.exists() else {}
    if name not in document.get("pairs", {}):
        raise NotFoundError(f"{path} holds no pair named {name!r}; shipped pairs stay.")
    del document["pairs"][name]
    _write(document, path)


def _write(document: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(tomli_w.dumps(document), encoding="utf-8")
    os.replace(draft, path)


def _pair_entry(pair: Pair) -> dict[str, Any]:
    entry: dict[str, Any] = {"base": pair.base.path, "template": pair.template_name}
    if pair.tuned is not None:
        entry["tuned"] = pair.tuned.path
    if pair.adapter is not None:
        entry["adapter"] = pair.adapter.path
    optional = {
        "dataset": pair.dataset,
        "note": pair.note,
        "revision": pair.base.revision,
        "tuned_revision": pair.tuned_source.revision if pair.tuned or pair.adapter else None,
        "dtype": pair.base.dtype if pair.base.dtype != "auto" else None,
        "device": pair.base.device if pair.base.device != "auto" else None,
        "allow_pickle": pair.base.allow_pickle or None,
    }
    return entry | {key: value for key, value in optional.items() if value}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LibraryError(
            f"{path} is not a TOML file: {error}. Correct it or move it away."
        ) from error
    except OSError as error:
        raise LibraryError(f"{path} cannot be read: {error.strerror}.") from error


def _merged(library: Library, path: Path) -> Library:
    document = _read(path)
    unknown = set(document) - {"pairs", "datasets", "templates"}
    if unknown:
        raise LibraryError(
            f"{path} has the unknown section {sorted(unknown)[0]!r}: "
            "expected [pairs.NAME], [datasets.NAME] or [templates.NAME]."
        )
    templates = dict(library.templates)
    for name, entry in _entries(document, "templates", path):
        templates[name] = _template(name, entry, path)
    datasets = dict(library.datasets)
    for name, entry in _entries(document, "datasets", path):
        datasets[name] = _dataset(name, entry, path)
    pairs = dict(library.pairs)
    for name, entry in _entries(document, "pairs", path):
        pairs[name] = _pair(name, entry, path, templates)
    return Library(pairs=pairs, datasets=datasets, templates=templates)


def _entries(
    document: Mapping[str, Any], section: str, path: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in document.get(section, {}).items():
        if not isinstance(entry, dict):
            raise LibraryError(f"{path}: [{section}.{name}] is not a table of keys and values.")
        yield name, entry


def _template(name: str, entry: Mapping[str, Any], path: Path) -> PromptTemplate:
    _refuse_unknown_keys(entry, _TEMPLATE_KEYS, f"{path}: [templates.{name}]")
    text = entry.get("without_input", "")
    if "{instruction}" not in text:
        raise LibraryError(f"{path}: [templates.{name}] without_input lacks {{instruction}}.")
    return PromptTemplate(
        name=name,
        without_input=text,
        with_input=entry.get("with_input", text.replace("{instruction}", "{instruction}\n{input}")),
        source=str(path),
        adds_special_tokens=bool(entry.get("adds_special_tokens", True)),
        response_prefix=entry.get("response_prefix", ""),
    )


def _dataset(name: str, entry: Mapping[str, Any], path: Path) -> DatasetEntry:
    _refuse_unknown_keys(entry, frozenset({"path", "note"}), f"{path}: [datasets.{name}]")
    if not isinstance(entry.get("path"), str):
        raise LibraryError(f"{path}: [datasets.{name}] lacks a path.")
    return DatasetEntry(
        name=name, path=(path.parent / entry["path"]).resolve(), note=entry.get("note", "")
    )


def _pair(
    name: str, entry: Mapping[str, Any], path: Path, templates: Mapping[str, PromptTemplate]
) -> Pair:
    where = f"{path}: [pairs.{name}]"
    _refuse_unknown_keys(entry, _PAIR_KEYS, where)
    if not isinstance(entry.get("base"), str):
        raise LibraryError(f'{where} lacks a base model (base = "folder or hub id").')
    template = entry.get("template", "alpaca")
    if template != CHAT and template not in templates:
        raise LibraryError(
            f"{where} names the unknown template {template!r}: "
            f"expected one of {', '.join([*templates, CHAT])}."
        )
    try:
        return Pair(
            name=name,
            base=_source(entry, "base", "revision", path),
            tuned=_source(entry, "tuned", "tuned_revision", path) if "tuned" in entry else None,
            adapter=_source(entry, "adapter", "tuned_revision", path)
            if "adapter" in entry
            else None,
            template=template if template in TEMPLATES or template == CHAT else templates[template],
            dataset=entry.get("dataset"),
            note=entry.get("note", ""),
        )
    except InputError as error:
        raise LibraryError(f"{where}: {error}") from error


def _source(entry: Mapping[str, Any], key: str, revision_key: str, path: Path) -> ModelSource:
    local = path.parent / entry[key]
    return ModelSource(
        path=str(local.resolve()) if local.exists() else entry[key],
        revision=entry.get(revision_key),
        dtype=entry.get("dtype", "auto"),
        device=entry.get("device", "auto"),
        allow_pickle=bool(entry.get("allow_pickle", False)),
    )


def _refuse_unknown_keys(entry: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = set(entry) - known
    if unknown:
        raise LibraryError(
            f"{where} has the unknown key {sorted(unknown)[0]!r}: "
            f"expected {', '.join(sorted(known))}."
        )
