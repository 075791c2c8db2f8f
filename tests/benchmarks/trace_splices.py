"""Ways to splice text of an instance into a host response; None where the two do not fit."""

import itertools
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.benchmarks.trace_material import Host, Instance, Material
from tests.benchmarks.trace_noise import noisy
from tests.benchmarks.trace_text import WORD, Entity, content_words, is_content, sentences, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """A host response with foreign text in it."""

    response: str
    start: int
    stop: int
    copied: tuple[str, ...]
    truth: frozenset[int]
    n_holders: int


_LIST_MARK = re.compile(r"(?:\d+[.)]\s*|[-*•#\s]+)?")

Maker = Callable[[Host, Instance, Material, random.Random], Splice | None]


def make_clause(
    host: Host, source: Instance, material: Material, rng: random.Random
) -> Splice | None:
    """A sentence of the host becomes the clause, or goes on with it after a comma."""
    places = sentences(host.response)
    clauses = _clauses(source.response)
    if len(places) < 3 or not clauses:
        return None
    clause = rng.choice(clauses)
    if not material.answering(clause) <= material.duplicates(source):
        return None
    text = noisy(clause, host.response, rng).rstrip(".,;: ")
    start, stop = rng.choice(places[1:])
    old = host.response[start:stop]
    if rng.random() < 0.5 and old[-1] in ".!" and len(old.split()) >= 5:
        lead = old[:-1] + rng.choice([", and ", ", since ", ", which means "])
        text = text if _opens_with_name(text, material) else text[0].lower() + text[1:]
    else:
        lead = _LIST_MARK.match(old).group()
        text = text[0].upper() + text[1:]
    end = "." if old[-1] not in "!?" else old[-1]
    return Splice(
        response=host.response[:start] + lead + text + end + host.response[stop:],
        start=start + len(lead),
        stop=start + len(lead) + len(text),
        copied=(clause,),
        truth=material.duplicates(source),
        n_holders=len(material.answering(clause)),
    )


def _clauses(text: str) -> list[str]:
    """Stretches of 8 to 20 words of one sentence, from its opening or after a comma."""
    found = []
    for start, stop in sentences(text):
        tokens = text[start:stop].split()
        openings = [0] + [i + 1 for i, token in enumerate(tokens[:-1]) if token[-1] in ",;:"]
        for opening in openings:
            closings = [
                i + 1
                for i, token in enumerate(tokens)
                if 8 <= i + 1 - opening <= 20 and (token[-1] in ",;:." or i + 1 == len(tokens))
            ]
            if closings:
                clause = " ".join(tokens[opening : closings[-1]])
            elif len(tokens) - opening > 20:
                clause = " ".join(tokens[opening : opening + 16])
            else:
                continue
            # Lists and dialogue make no clause.
            plain = not set('():"[]*') & set(clause) and clause.count(",") <= 2
            plain = plain and clause[0].isalpha()
            if plain and sum(is_content(word) for word in words(clause)) >= 4:
                found.append(clause)
    return found


def _opens_with_name(text: str, material: Material) -> bool:
    found = material.entities.find(text)
    return bool(found) and found[0].start == 0


def make_fragments(
    host: Host, source: Instance, material: Material, rng: random.Random
) -> Splice | None:
    """Two pairs of content words in one sentence give way to pairs of the source's."""
    fragments = _content_pairs(source.response)
    pairs = [
        (one, two) for one in fragments for two in fragments if one[1] <= two[0] or two[1] <= one[0]
    ]
    places = [
        (one, two)
        for start, stop in sentences(host.response)
        if 9 <= len(words(host.response[start:stop])) <= 45
        for one in _content_pairs(host.response, start, stop)
        for two in _content_pairs(host.response, start, stop)
        if 2 <= len(words(host.response[one[1] : two[0]])) <= 10 and one[1] < two[0]
    ]
    if not pairs or not places:
        return None
    taken = rng.choice(pairs)
    first, second = (source.response[start:stop] for start, stop in taken)
    truth = material.duplicates(source)
    if words(first) == words(second) or not (
        material.answering(first) & material.answering(second) <= truth
    ):
        return None
    (start, mid_start), (mid_stop, stop) = rng.choice(places)
    marked = first + host.response[mid_start:mid_stop] + second
    return Splice(
        response=host.response[:start] + marked + host.response[stop:],
        start=start,
        stop=start + len(marked),
        copied=(first, second),
        truth=truth,
        n_holders=len(material.answering(first) & material.answering(second)),
    )


def _content_pairs(text: str, start: int = 0, stop: int | None = None) -> list[tuple[int, int]]:
    """Ranges of two neighbouring content words with one blank between them."""
    found = list(WORD.finditer(text, start, len(text) if stop is None else stop))
    return [
        (one.start(), two.end())
        for one, two in itertools.pairwise(found)
        if two.start() == one.end() + 1
        and text[one.end()] == " "
        and is_content(one.group().casefold())
        and is_content(two.group().casefold())
    ]


def make_entity(
    host: Host, source: Instance, material: Material, rng: random.Random
) -> Splice | None:
    """An entity of the host gives way to one of the source of the same type."""
    slots = _slots(host, material)
    if not slots:
        return None
    slot = rng.choice(slots)
    fitting = [one for one in _foreign_entities(host, source, material) if one.type == slot.type]
    if not fitting:
        return None
    entity = rng.choice(fitting)
    holders = material.answering(entity.text)
    return _fill(host, slot, entity, material.duplicates(source), len(holders))


def make_shared(n: int) -> Maker:
    """A name that exactly n instances answer with, and no other one holds anywhere."""

    def make(host: Host, source: Instance, material: Material, rng: random.Random) -> Splice | None:
        fitting = [
            entity
            for entity in _foreign_entities(host, source, material)
            if entity.type == "name" and _is_shared_by(entity.text, n, material)
        ]
        if not fitting:
            return None
        slots = [slot for slot in _slots(host, material) if slot.type == "name"]
        if not slots:
            return None
        entity = rng.choice(fitting)
        return _fill(host, rng.choice(slots), entity, material.answering(entity.text), n)

    return make


def _is_shared_by(name: str, n: int, material: Material) -> bool:
    holders = material.answering(name)
    if len(holders) != n or not material.asking(name) <= holders:
        return False
    instances = [material.instances[row - 1] for row in holders]
    return len({one.content_sha256 for one in instances}) == n


def _foreign_entities(host: Host, source: Instance, material: Material) -> list[Entity]:
    """Entities of the source, each once, that share no word with the host or its prompt."""
    known = content_words(f"{host.instruction}\n{host.response}")
    distinct = {entity.normal: entity for entity in material.entities.find(source.response)}
    return [entity for normal, entity in distinct.items() if not known & set(normal.split())]


def _slots(host: Host, material: Material) -> list[Entity]:
    """Entities of the host that stand in a sentence of some length."""
    long = [
        (start, stop)
        for start, stop in sentences(host.response)
        if 6 <= len(words(host.response[start:stop])) <= 60
    ]
    return [
        entity
        for entity in material.entities.find(host.response)
        if any(start <= entity.start and entity.stop <= stop for start, stop in long)
    ]


def _fill(
    host: Host, slot: Entity, entity: Entity, truth: frozenset[int], n_holders: int
) -> Splice:
    return Splice(
        response=host.response[: slot.start] + entity.text + host.response[slot.stop :],
        start=slot.start,
        stop=slot.start + len(entity.text),
        copied=(entity.text,),
        truth=truth,
        n_holders=n_holders,
    )


def whole_sentence(splice: Splice) -> Splice:
    """The same splice with the sentence around it marked."""
    start, stop = next(
        (start, stop) for start, stop in sentences(splice.response) if start <= splice.start < stop
    )
    return replace(splice, start=start, stop=max(stop, splice.stop))
