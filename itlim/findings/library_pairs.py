"""Answers of the library's pairs: from the database, and of variants from the shipped files."""

from dataclasses import replace
from typing import TYPE_CHECKING

from itlim.datasets import read_dataset
from itlim.errors import NotFoundError
from itlim.findings.answers import PEOPLE, PairAnswers
from itlim.findings.reading import read_folder
from itlim.findings.stored import read_store
from itlim.library import Library, PairFacts, ShippedFamily, pair_facts
from itlim.store.connection import Store
from itlim.text.words import raw_words

if TYPE_CHECKING:
    from itlim.trace import TraceIndex


def library_answers(
    library: Library,
    store: Store,
    name: str,
    index: "TraceIndex | None" = None,
    marks_from: str | None = None,
) -> PairAnswers:
    """Read the answers of a pair or a variant, with the kind of tuning that the library states.

    Args:
        library: names the families with their known answers.
        store: the open database; variants are not in it.
        name: name of a pair, of a variant, or of a model whose answers were imported.
        index: index of its tuning dataset.
        marks_from: `gold` or `people`; None for gold marks if there are any, else people's.

    Raises:
        NotFoundError: there is no answer of the pair.
    """
    families = library.families.values()
    if is_shipped_variant(library, name):
        found = read_folder(variant_family(library, name).variants, name, index)
        if marks_from == PEOPLE:
            # Nobody can mark answers that are not in the database.
            unmarked = (replace(one, marks=(), is_reviewed=False) for one in found.answers)
            found = replace(found, answers=tuple(unmarked), marks_from="")
    else:
        found = read_store(
            store,
            name,
            index,
            gold=[family.gold for family in families],
            questions=[family.questions for family in families],
            marks_from=marks_from,
        )
    return as_tuned(library, found)


def as_tuned(library: Library, answers: PairAnswers) -> PairAnswers:
    """The same answers with what the library states about the tuning of their pair and its marks.

    A variant may have been tuned on the first instances of a dataset only, so that no index has
    just these: their lengths are read from the dataset.
    """
    pair = library.known_pairs.get(answers.pair)
    if pair is None:
        return answers
    facts = pair_facts(pair)
    words: tuple[int, ...] = ()
    if is_shipped_variant(library, answers.pair) and answers.index is None:
        words = _response_words(library, facts)
    family = library.family_of(pair.tuned_source.path)
    unmarked = (family.unmarked if family is not None else "") or answers.unmarked
    return replace(answers, tuning=facts.kind, response_words=words, unmarked=unmarked)


def _response_words(library: Library, facts: PairFacts) -> tuple[int, ...]:
    """Words of each response on which a variant was tuned; empty if the dataset is elsewhere."""
    entry = library.datasets.get(facts.dataset)
    if entry is None or entry.path is None or not entry.path.exists():
        return ()
    read = read_dataset(entry.path, entry.name, format=entry.format, mapping=entry.mapping)
    responses = read.table["response"].to_pylist()
    return tuple(len(raw_words(text)) for text in responses[: facts.instances])


def is_shipped_variant(library: Library, name: str) -> bool:
    """Whether a name is that of a variant and not of a pair."""
    return name in library.variants and name not in library.pairs


def variant_family(library: Library, name: str) -> ShippedFamily:
    """The family of a variant.

    Raises:
        NotFoundError: its models are in no family's folder.
    """
    family = library.family_of(library.variants[name].tuned_source.path)
    if family is None:
        raise NotFoundError(f"The variant {name} belongs to no family of the library.")
    return family
