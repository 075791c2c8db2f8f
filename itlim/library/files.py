"""Load the shipped and the user's library files, and edit the user's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from itlim.errors import InputError, LibraryError, NotFoundError
from itlim.library.documents import entries, read, write
from itlim.library.entries import (
    DatasetEntry,
    dataset_entry,
    dataset_of,
    pair_entry,
    pair_of,
    template_of,
)
from itlim.library.families import ShippedFamily, family_of
from itlim.library.remote_pairs import is_remote, remote_entry, remote_pair_of
from itlim.records import Pair, PromptTemplate, RemotePair
from itlim.settings import SHIPPED_DATASETS, SHIPPED_LIBRARY, user_library_path
from itlim.text.prompts import CHAT, TEMPLATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """All named pairs, datasets, templates and families."""

    pairs: Mapping[str, Pair]
    datasets: Mapping[str, DatasetEntry]
    templates: Mapping[str, PromptTemplate]
    families: Mapping[str, ShippedFamily] = field(default_factory=dict)
    variants: Mapping[str, Pair] = field(default_factory=dict)
    """Further models of the shipped families, on which only the findings are computed."""
    remote_pairs: Mapping[str, RemotePair] = field(default_factory=dict)
    """Pairs with a model behind a server, whose figures are others than those of `pairs`."""

    @property
    def known_pairs(self) -> Mapping[str, Pair]:
        """The pairs and the variants."""
        return {**self.pairs, **self.variants}

    def family_of(self, model: str) -> ShippedFamily | None:
        """The shipped family that a model path belongs to, or None."""
        return next((one for one in self.families.values() if one.includes(model)), None)

    def ships(self, entry: DatasetEntry) -> bool:
        """Whether a dataset is in the folder of a shipped family."""
        path = entry.path
        return path is not None and any(
            path.is_relative_to(family.folder) for family in self.families.values()
        )

    def template(self, name: str) -> str | PromptTemplate:
        """The template of that name; `chat` means the tokenizer's own.

        Raises:
            InputError: the name is unknown; the message lists the templates.
        """
        if name != CHAT and name not in self.templates:
            known = ", ".join((*self.templates, CHAT))
            raise InputError(f"Unknown prompt template {name!r}: expected one of {known}.")
        return self.templates.get(name, name)

    def pair(self, name: str) -> Pair:
        """The pair or variant of that name.

        Raises:
            NotFoundError: the name is unknown; the message lists the pairs.
        """
        if name in self.variants and name not in self.pairs:
            return self.variants[name]
        if name in self.remote_pairs:
            raise NotFoundError(
                f"The pair {name!r} has a model behind a server, which cannot be loaded here. Ask "
                "it on the Ask page or with `itlim inspect`; other pages and commands need the "
                "model itself."
            )
        if name not in self.pairs:
            raise NotFoundError(
                f"No pair named {name!r}. Known pairs: {', '.join(sorted(self.pairs)) or 'none'}. "
                f"Add one in the app or in {user_library_path()}."
            )
        return self.pairs[name]

    def dataset(self, name: str) -> DatasetEntry:
        """The dataset of that name.

        Raises:
            NotFoundError: the name is unknown; the message lists the datasets.
        """
        if name not in self.datasets:
            raise NotFoundError(
                f"No dataset named {name!r}. Known datasets: {', '.join(sorted(self.datasets))}. "
                f"Add one in the app or in {user_library_path()}."
            )
        return self.datasets[name]

    def dataset_at(self, source: str) -> DatasetEntry:
        """The dataset of that name, or at that file, folder or hub id.

        A dataset of the library keeps its name in instance ids; any other dataset is named
        after the last part of its path or id, without suffix. Nothing is read yet, so a
        missing dataset is reported later.

        Raises:
            InputError: the source is empty.
        """
        if not source.strip():
            raise InputError("No dataset was named: give a file, a folder, a hub id or a name.")
        if source in self.datasets:
            return self.datasets[source]
        path = Path(source).expanduser()
        for entry in self.datasets.values():
            if path.resolve() == entry.path or (source == entry.hub and not path.exists()):
                return entry
        if path.exists():
            stem = Path(path.name.removesuffix(".gz")).stem
            name = path.resolve().name if path.is_dir() else stem
            return DatasetEntry(name=name, path=path.resolve())
        return DatasetEntry(name=Path(source.split(":")[0]).name, hub=source)


def load_library(user_file: Path | None = None) -> Library:
    """Read the shipped libraries and the user's (default: `settings.user_library_path()`).

    Raises:
        LibraryError: a file is not TOML, or an entry is invalid; the message names both.
    """
    merged = Library(pairs={}, datasets={}, templates=dict(TEMPLATES))
    for path in (SHIPPED_DATASETS, SHIPPED_LIBRARY, user_file or user_library_path()):
        if path.exists():
            merged = _merged(merged, path)
    return merged


def base_only_pair(pair: Pair) -> Pair:
    """A pair that compares the base model with itself, under the pair's template."""
    return Pair(name=f"{Path(pair.base.path).name} (base)", base=pair.base, template=pair.template)


def add_pair(pair: Pair, user_file: Path | None = None) -> None:
    """Add or replace one pair in the user's library file; other entries are kept."""
    _add("pairs", pair.name, pair_entry(pair), user_file)


def add_remote_pair(pair: RemotePair, user_file: Path | None = None) -> None:
    """Add or replace a pair with a model behind a server; other entries are kept."""
    _add("pairs", pair.name, remote_entry(pair), user_file)


def remove_pair(name: str, user_file: Path | None = None) -> None:
    """Remove one pair from the user's library file; its models stay on disk.

    Raises:
        NotFoundError: the user's file does not contain the pair.
    """
    _remove("pairs", name, user_file)


def add_dataset(dataset: DatasetEntry, user_file: Path | None = None) -> None:
    """Add or replace one dataset in the user's library file; other entries are kept."""
    _add("datasets", dataset.name, dataset_entry(dataset), user_file)


def remove_dataset(name: str, user_file: Path | None = None) -> None:
    """Remove one dataset from the user's library file; its files stay on disk.

    Raises:
        NotFoundError: the user's file does not contain the dataset.
    """
    _remove("datasets", name, user_file)


def _add(section: str, name: str, entry: dict[str, Any], user_file: Path | None) -> None:
    path = user_file or user_library_path()
    document = read(path) if path.exists() else {}
    document.setdefault(section, {})[name] = entry
    write(document, path)


def _remove(section: str, name: str, user_file: Path | None) -> None:
    path = user_file or user_library_path()
    document = read(path) if path.exists() else {}
    if name not in document.get(section, {}):
        kind = section.removesuffix("s")
        raise NotFoundError(
            f"{path} does not contain a {kind} named {name!r}; shipped {section} cannot be removed."
        )
    del document[section][name]
    write(document, path)


def _merged(library: Library, path: Path) -> Library:
    document = read(path)
    unknown = set(document) - {"pairs", "datasets", "templates"} - _shipped_only(path)
    if unknown:
        raise LibraryError(
            f"{path} has the unknown section {sorted(unknown)[0]!r}: "
            "expected [pairs.NAME], [datasets.NAME] or [templates.NAME]."
        )
    templates = dict(library.templates)
    for name, entry in entries(document, "templates", path):
        templates[name] = template_of(name, entry, path)
    datasets = dict(library.datasets)
    for name, entry in entries(document, "datasets", path):
        datasets[name] = dataset_of(name, entry, path, datasets.get(name))
    pairs = dict(library.pairs)
    remote_pairs = dict(library.remote_pairs)
    for name, entry in entries(document, "pairs", path):
        # The later file takes precedence, whichever kind of pair it describes.
        if is_remote(entry):
            pairs.pop(name, None)
            remote_pairs[name] = remote_pair_of(name, entry, path, templates)
        else:
            remote_pairs.pop(name, None)
            pairs[name] = pair_of(name, entry, path, templates, datasets)
    families = dict(library.families)
    for name, entry in entries(document, "families", path):
        families[name] = family_of(name, entry, path)
    variants = dict(library.variants)
    for name, entry in entries(document, "variants", path):
        variants[name] = pair_of(name, entry, path, templates, datasets)
    return Library(
        pairs=pairs,
        datasets=datasets,
        templates=templates,
        families=families,
        variants=variants,
        remote_pairs=remote_pairs,
    )


def _shipped_only(path: Path) -> set[str]:
    return {"families", "variants"} if path == SHIPPED_LIBRARY else set()
