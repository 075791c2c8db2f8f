"""Convert entries of a library file from TOML to records and back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from itlim.errors import LibraryError, NotFoundError
from itlim.library.documents import check_types, reject_unknown_keys, usable_paths
from itlim.library.training_note import training_note
from itlim.records import (
    DatasetField,
    DatasetFormat,
    HubSource,
    ModelSource,
    Pair,
    PromptTemplate,
)
from itlim.settings import user_folder
from itlim.text.addresses import EXPECTED_ADDRESS, is_web_address
from itlim.text.prompts import CHAT, TEMPLATES

_DEFAULT_TEMPLATE = "alpaca"
_USER = "{user}/"
"""Begins a model path in the user's data folder."""
_SOURCE_KEYS = frozenset({"revision", "tuned_revision", "dtype", "device", "allow_pickle"})
_FACTS = ("tuning", "instances", "parameters")
"""What a pair may state about its tuning; see `pair_facts`."""
_PAIR_KEYS = _SOURCE_KEYS | {"base", "tuned", "adapter", "template", "dataset", "note", *_FACTS}
_TEMPLATE_KEYS = frozenset(
    {"without_input", "with_input", "response_prefix", "adds_special_tokens"}
)


_DATASET_TEXTS = ("path", "hub", "url", "licence", "used_for", "note")
_DATASET_KEYS = frozenset({*_DATASET_TEXTS, "format", "mapping"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """A named instruction-tuning dataset."""

    name: str
    path: Path | None = None
    """File or folder on this machine; None if the dataset has not been downloaded."""
    hub: str = ""
    """Hub id, `owner/name` or `owner/name:split`; empty if there is none or it is unknown."""
    url: str = ""
    """Web page to download it from."""
    format: DatasetFormat | None = None
    """None if it is to be detected."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Column names of instruction, input, response, conversation, system or history."""
    licence: str = ""
    """As its source states it; empty if unstated."""
    used_for: str = ""
    """Its use in the paper."""
    note: str = ""

    @property
    def source(self) -> Path | HubSource | None:
        """The path, or else the hub id; None if neither is known."""
        return self.path or (HubSource(self.hub) if self.hub else None)

    def located(self) -> Path | HubSource:
        """The path or hub id to pass to `datasets.read_dataset`; a hub id never opens a path.

        Raises:
            NotFoundError: there is neither; the message says where to download it.
        """
        if self.source is None:
            raise NotFoundError(
                f"The dataset {self.name} is not on this machine, and its hub id is unknown. "
                f"Download it from {self.url}, then add the file under the name {self.name} in "
                "the app or in your library file."
            )
        return self.source


def template_of(name: str, entry: Mapping[str, Any], path: Path) -> PromptTemplate:
    """Read a `[templates.NAME]` entry.

    Raises:
        LibraryError: the entry is invalid.
    """
    where = f"{path}: [templates.{name}]"
    reject_unknown_keys(entry, _TEMPLATE_KEYS, where)
    check_types(entry, where)
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


def dataset_of(
    name: str, entry: Mapping[str, Any], path: Path, known: DatasetEntry | None
) -> DatasetEntry:
    """Read a `[datasets.NAME]` entry; omitted keys come from `known`, read from an earlier file.

    An entry with its own path or hub id may have other columns, so it does not inherit
    format and mapping.

    Raises:
        LibraryError: the entry is invalid.
    """
    where = f"{path}: [datasets.{name}]"
    reject_unknown_keys(entry, _DATASET_KEYS, where)
    check_types(entry, where)
    if entry.get("url") and not is_web_address(entry["url"]):
        raise LibraryError(f"{where} url is {entry['url']!r:.80}: expected {EXPECTED_ADDRESS}.")
    given = {key: entry[key] for key in _DATASET_TEXTS if key in entry and key != "path"}
    if "path" in entry:
        with usable_paths(where):
            given["path"] = (path.parent / Path(entry["path"]).expanduser()).resolve()
    if "format" in entry:
        given["format"] = _format(entry["format"], where)
    if "mapping" in entry:
        given["mapping"] = _mapping(entry["mapping"], where)
    if known and given.keys() & {"path", "hub"}:
        known = replace(known, format=None, mapping={})
    dataset = replace(known or DatasetEntry(name=name), **given)
    if not (dataset.path or dataset.hub or dataset.url):
        raise LibraryError(f"{where} needs a path, a hub id (hub) or at least a url.")
    return dataset


def pair_of(
    name: str,
    entry: Mapping[str, Any],
    path: Path,
    templates: Mapping[str, PromptTemplate],
    datasets: Collection[str] = (),
) -> Pair:
    """Read a `[pairs.NAME]` entry.

    An omitted template or dataset is that of the tuned model's `training.json`, if it has one and
    the dataset is among `datasets`.

    Raises:
        LibraryError: the entry is invalid or names an unknown template.
    """
    where = f"{path}: [pairs.{name}]"
    reject_unknown_keys(entry, _PAIR_KEYS, where)
    check_types(entry, where)
    if not isinstance(entry.get("base"), str):
        raise LibraryError(f'{where} lacks a base model (base = "folder or hub id").')
    template = template_named_in(entry, templates, where)
    with usable_paths(where):
        pair = Pair(
            name=name,
            base=source_of(entry, "base", "revision", path),
            tuned=source_of(entry, "tuned", "tuned_revision", path) if "tuned" in entry else None,
            adapter=source_of(entry, "adapter", "tuned_revision", path)
            if "adapter" in entry
            else None,
            template=template,
            # An empty name says that the dataset of training.json is not the whole one.
            dataset=entry.get("dataset") or None,
            note=entry.get("note", ""),
            **{name: entry[name] for name in _FACTS if name in entry},
        )
        return _as_trained(pair, entry, datasets)


def template_named_in(
    entry: Mapping[str, Any], templates: Mapping[str, PromptTemplate], where: str
) -> str | PromptTemplate:
    """The template of a pair's entry: the name of a shipped one or `chat`, or the user's own.

    Raises:
        LibraryError: the template is unknown; the message lists the known ones.
    """
    name = entry.get("template", _DEFAULT_TEMPLATE)
    if name != CHAT and name not in templates:
        raise LibraryError(
            f"{where} names the unknown template {name!r}: "
            f"expected one of {', '.join([*templates, CHAT])}."
        )
    return name if name in TEMPLATES or name == CHAT else templates[name]


def _as_trained(pair: Pair, entry: Mapping[str, Any], datasets: Collection[str]) -> Pair:
    if {"template", "dataset"} <= entry.keys():
        return pair
    note = training_note(pair.tuned_source)
    if note is None:
        return pair
    known = next((name for name in note.datasets if name in datasets), None)
    return replace(
        pair,
        template=pair.template if "template" in entry else note.template or pair.template,
        dataset=pair.dataset or known,
    )


def pair_entry(pair: Pair) -> dict[str, Any]:
    """The library file's entry for a pair."""
    entry: dict[str, Any] = {"base": pair.base.path}
    note = training_note(pair.tuned_source)
    # A template that only the model's training.json contains cannot be named.
    if note is None or note.template != pair.template or isinstance(pair.template, str):
        entry["template"] = pair.template_name
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
        **{name: getattr(pair, name) for name in _FACTS},
    }
    return entry | {key: value for key, value in optional.items() if value}


def dataset_entry(dataset: DatasetEntry) -> dict[str, Any]:
    """The library file's entry for a dataset."""
    entry: dict[str, Any] = {
        "path": str(dataset.path) if dataset.path else "",
        "hub": dataset.hub,
        "url": dataset.url,
        "format": str(dataset.format or ""),
        "mapping": dict(dataset.mapping),
        "licence": dataset.licence,
        "used_for": dataset.used_for,
        "note": dataset.note,
    }
    return {key: value for key, value in entry.items() if value}


def source_of(entry: Mapping[str, Any], key: str, revision_key: str, path: Path) -> ModelSource:
    """The local or hub model under a key of a pair's entry."""
    given = str(entry[key])
    if given.startswith(_USER):
        # Weights that itlim builds on this machine; the entry is valid before they exist.
        given = str(user_folder() / given.removeprefix(_USER))
    local = path.parent / given
    return ModelSource(
        path=str(local.resolve()) if local.exists() else given,
        revision=entry.get(revision_key),
        dtype=entry.get("dtype", "auto"),
        device=entry.get("device", "auto"),
        allow_pickle=bool(entry.get("allow_pickle", False)),
    )


def _format(value: Any, where: str) -> DatasetFormat:
    try:
        return DatasetFormat(value)
    except ValueError as error:
        raise LibraryError(
            f"{where} has the unknown format {value!r}: expected {', '.join(DatasetFormat)}."
        ) from error


def _mapping(value: Any, where: str) -> dict[str, str]:
    known = [str(field) for field in DatasetField]
    is_mapping = isinstance(value, dict) and set(value) <= set(known)
    if not is_mapping or not all(isinstance(column, str) for column in value.values()):
        raise LibraryError(
            f"{where} mapping is {value!r}: expected columns for {', '.join(known)}, as in "
            '{ instruction = "prompt", response = "completion" }.'
        )
    return dict(value)
