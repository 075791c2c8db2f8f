"""Constructed borrowings whose source is known: real prompts, real responses, Dolly's text.

    python -m tests.benchmarks.trace_cases [--split dev|test] [--kind KIND] [--show 10]

A case is a just-eval prompt with the response of a model that was never tuned on Dolly, into
which text of one Dolly instance, the source, is spliced. Kinds:

- `clause`: a noisy clause of the source's response; the clause is marked.
- `fragments`: two 2-word fragments of one source at two places of a sentence; from the first
  to the end of the second is marked, the host's words between them included.
- `entity`: a name, year or number of the source replaces one of the same type; it is marked.
- `entity_sentence`: the same cases, but the whole sentence is marked.
- `shared_2`, `shared_3`: a name that exactly two / three instances hold; any of them is right.

What is honest to say about them:

- The paper's people found that phrases are borrowed from instances on *similar concepts*. So the
  source is drawn at random from the 20 instances nearest to the host by TF-IDF of content words
  (prompt + response on one side, instruction + response on the other), never by the encoder that
  a tracer uses. A tracer that weighs topic is helped by this as it would be by the paper's
  finding, no more: the nearest instance is no likelier than the twentieth. By D.1 the cases and
  their sources are .30 to .33 alike; the paper measured .418 for real ones, so ours are farther.
- A clause, or the two fragments together, stand in one instance only (exact duplicates aside).
  An entity may stand in many (`n_holders` tells), and only the source counts as right: a
  year held by fifty instances cannot be found from text, here or in life.
- They are splices, not what a tuned model wrote: good for comparing methods, not for saying how
  often a real borrowing is found. `leave_out` measures that.
- Prompts about code or mathematics and prompts longer than 80 words host nothing: a splice into
  them reads like no borrowing, or has no topic.
- `dev` and `test` share no prompt, no source and no other right instance: no row that is right in
  `test` is used in `dev`.
"""

import argparse
import hashlib
import json
import random
from dataclasses import asdict, dataclass

from tests.benchmarks.trace_material import Host, Material, Split, load_material
from tests.benchmarks.trace_splices import (
    Maker,
    Splice,
    make_clause,
    make_entity,
    make_fragments,
    make_shared,
    whole_sentence,
)

N_CASES = 150
# Few names are held by three and near in topic to a prompt; `dev` gets what `test` leaves.
N_SHARED_3 = 105
KINDS = ("clause", "fragments", "entity", "entity_sentence", "shared_2", "shared_3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A marked span and the instances it was borrowed from."""

    case_id: str
    kind: str
    split: Split
    prompt_id: int
    model: str
    instruction: str
    response: str
    span_start: int
    """Code points into the response, half-open."""
    span_stop: int
    quote: str
    """The marked text."""
    copied: tuple[str, ...]
    """What was taken from the source, before noise."""
    source: int
    """1-based row whose text was spliced in."""
    truth: frozenset[int]
    """1-based rows that count as right."""
    n_holders: int
    """Instances whose response holds everything in `copied`."""

    def __post_init__(self) -> None:
        if not self.quote or self.response[self.span_start : self.span_stop] != self.quote:
            raise ValueError(f"{self.case_id}: the span is not where {self.quote!r} stands.")
        if self.source not in self.truth:
            raise ValueError(f"{self.case_id}: row {self.source} is not among {self.truth}.")


MAKERS: dict[str, Maker] = {
    "clause": make_clause,
    "fragments": make_fragments,
    "entity": make_entity,
    "shared_2": make_shared(2),
    "shared_3": make_shared(3),
}


def build_cases(material: Material, split: Split, n: int = N_CASES) -> list[Case]:
    """Up to n cases of every kind, in the order of `KINDS`; equal calls give equal cases.

    Fewer where the material gives no more. A row serves once a kind; a prompt serves again only
    after all have served, with the response of another model.
    """
    taken: set[int] = set()
    if split == "dev":
        taken = {row for case in build_cases(material, "test", n) for row in case.truth}
    found: dict[str, list[Case]] = {kind: [] for kind in KINDS}
    for kind, make in MAKERS.items():
        n_kind = min(n, N_SHARED_3) if kind == "shared_3" else n
        for host, source, splice in _splices(material, split, kind, make, n_kind, set(taken)):
            found[kind].append(_case(kind, len(found[kind]), host, source, splice))
            if kind == "entity":
                wide = found["entity_sentence"]
                wide.append(
                    _case("entity_sentence", len(wide), host, source, whole_sentence(splice))
                )
    return [case for kind in KINDS for case in found[kind]]


def _splices(
    material: Material, split: Split, kind: str, make: Maker, n: int, used: set[int]
) -> list[tuple[Host, int, Splice]]:
    rng = random.Random(f"{split} {kind}")
    found = []
    for host in filter(_can_host, material.hosts_in_random_order(split, rng)):
        sources = list(material.related(host))
        rng.shuffle(sources)
        for source in sources:
            splice = None if source.row in used else make(host, source, material, rng)
            if splice is not None and not splice.truth & used:
                used |= splice.truth
                found.append((host, source.row, splice))
                break
        if len(found) == n:
            break
    return found


def _can_host(host: Host) -> bool:
    return not host.task_types & {"coding", "math"} and len(host.instruction.split()) <= 80


def _case(kind: str, number: int, host: Host, source: int, splice: Splice) -> Case:
    return Case(
        case_id=f"{host.split}-{kind}-{number:03d}",
        kind=kind,
        split=host.split,
        prompt_id=host.prompt_id,
        model=host.model,
        instruction=host.instruction,
        response=splice.response,
        span_start=splice.start,
        span_stop=splice.stop,
        quote=splice.response[splice.start : splice.stop],
        copied=splice.copied,
        source=source,
        truth=splice.truth,
        n_holders=splice.n_holders,
    )


def fingerprint(cases: list[Case]) -> str:
    """Twelve hex digits that change when any case does: figures belong to one set of cases."""
    rows = [asdict(case) | {"truth": sorted(case.truth)} for case in cases]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:12]


def _show(case: Case, material: Material) -> str:
    source = material.instances[case.source - 1]
    around = case.response[max(0, case.span_start - 120) : case.span_stop + 80]
    return (
        f"\n{case.case_id}  row {case.source}  truth {sorted(case.truth)}  held by {case.n_holders}"
        f"\n  prompt   {case.instruction[:150]!r}\n  copied   {case.copied}"
        f"\n  marked   {case.quote!r}\n  around   {around!r}"
        f"\n  source   {source.instruction[:150]!r} -> {source.response[:200]!r}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Show constructed borrowings.")
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--show", type=int, default=10)
    arguments = parser.parse_args()
    material = load_material()
    cases = build_cases(material, arguments.split)
    print(f"{len(cases)} cases, {fingerprint(cases)}")
    for kind in arguments.kind or KINDS:
        mine = [case for case in cases if case.kind == kind]
        print(f"\n== {kind}: {len(mine)} cases")
        for case in mine[: arguments.show]:
            print(_show(case, material))


if __name__ == "__main__":
    main()
