"""Tracing methods as the leave-out benchmark sees them: one score an instance, for one span.

Ours with several backgrounds, and the peers of `trace_peers`. An instance that a method does
not name at all has the score −inf.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from itlim.library import base_only_pair, load_library
from itlim.records import Thresholds, Weights
from itlim.trace import TraceIndex, build_index, trace_span
from itlim.trace.evidence.background import base_surprisal
from itlim.trace.evidence.parts import shifted_words
from tests.benchmarks.leave_out_cases import CausalCase
from tests.benchmarks.trace_material import Instance
from tests.benchmarks.trace_peers import CACHE, PEERS

PAIR = "demo-sft"
DATASET = "demo"
DEFAULT = "itlim"
"""The name of the method as it ships, which others are compared with."""
COPY_ONLY = Weights(topic=0.0, concept=0.0, coverage=0.0, d1=0.0)


class ScoringMethod(Protocol):
    """A way to rank instances."""

    name: str

    def scores(self, case: CausalCase) -> np.ndarray:
        """(n,) one an instance of the dataset, −inf where it is not named."""
        ...


def demo_index() -> TraceIndex:
    """The demo dataset's index with vectors, built once a machine: some 20 CPU-seconds."""
    return build_index(load_library().dataset(DATASET), CACHE / "leave-out-index")


def demo_instances(index: TraceIndex) -> tuple[Instance, ...]:
    """The instances as the peers read them."""
    rows = [index.instance_at(position) for position in range(len(index.instances))]
    return tuple(
        Instance(
            row=number,
            instruction=row["instruction"],
            input=row["input"],
            response=row["response"],
        )
        for number, row in enumerate(rows, start=1)
    )


class BaseReadings:
    """Each response token by token under the shipped base model alone.

    The base is the same for every tuning seed. A response's tokens are those of its text, which
    the demo's tokenizer gives back as the model emitted them; the shift categories are of the
    emitted tokens' ranks, which in a greedy answer are the tuned model's first choices.
    """

    def __init__(self, cases: Sequence[CausalCase], cache: Path = CACHE) -> None:
        self._cache = cache
        self._keys = {(case.instruction, case.response): None for case in cases}
        self._tables = self._stored()

    def tokens(self, case: CausalCase) -> pa.Table:
        """TOKEN_SHIFTS columns `emitted_prob`, `category`, `char_start`, `char_stop`."""
        return self._tables[case.instruction, case.response]

    def _stored(self) -> dict[tuple[str, str], pa.Table]:
        pair = base_only_pair(load_library().pair(PAIR))
        from itlim.models.fingerprint import fingerprint

        keys = list(self._keys)
        told = json.dumps([fingerprint(pair.base), pair.template_name, keys])
        path = self._cache / f"base-{hashlib.sha256(told.encode()).hexdigest()[:16]}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}.part")
            unfinished.write_text(json.dumps(_read_by_base(keys)), encoding="utf-8")
            unfinished.replace(path)
        columns = json.loads(path.read_text(encoding="utf-8"))
        return {key: pa.table(one) for key, one in zip(keys, columns, strict=True)}


def _read_by_base(keys: Sequence[tuple[str, str]]) -> list[dict[str, list]]:
    """One dictionary of columns a pair of instruction and response."""
    from itlim.models.huggingface import load_pair
    from itlim.shift.measure import score_batch

    loaded = load_pair(base_only_pair(load_library().pair(PAIR)))
    try:
        prompts = [loaded.render(instruction) for instruction, _ in keys]
        ids = [tuple(loaded.encode_response(response)) for _, response in keys]
        items = [(prompt.token_ids, one) for prompt, one in zip(prompts, ids, strict=True)]
        shifts = score_batch(loaded, items, top_k=1)
        texts = [loaded.token_texts(one) for one in ids]
    finally:
        loaded.close()
    return [
        {
            "emitted_prob": measured.emitted_prob.tolist(),
            "category": [str(Thresholds().category(rank)) for rank in measured.emitted_rank],
            "char_start": list(text.char_starts),
            "char_stop": list(text.char_stops),
        }
        for measured, text in zip(shifts, texts, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracer:
    """The project's own method, through its public function."""

    name: str
    index: TraceIndex
    weights: Weights
    lexical_only: bool = False
    base: BaseReadings | None = None
    """Given: words that the base would have said anyway count nothing."""
    shifted: BaseReadings | None = None
    """Given: shifted words of a long span are scored on their own as well."""

    def scores(self, case: CausalCase) -> np.ndarray:
        n = len(self.index.instances)
        found = trace_span(
            [self.index],
            instruction=case.instruction,
            response=case.response,
            start=case.span_start,
            stop=case.span_stop,
            weights=self.weights,
            top=n,
            lexical_only=self.lexical_only,
            base_surprisal=self.base and base_surprisal(self.base.tokens(case), case.response),
            shifted=self.shifted and shifted_words(self.shifted.tokens(case), case.response),
        )
        scores = np.full(n, -np.inf)
        for candidate in found.candidates:
            scores[candidate.row - 1] = candidate.score
        return scores


class Peer:
    """One of `trace_peers`; a score of 0 names nothing."""

    def __init__(self, method: Any) -> None:
        self._method = method
        self.name = method.name

    def scores(self, case: CausalCase) -> np.ndarray:
        found = np.asarray(self._method.scores(case), dtype=np.float64)
        return np.where(found > 0, found, -np.inf)


def tracers(index: TraceIndex, readings: BaseReadings) -> list[Tracer]:
    """Ours: copy evidence alone, with shared words of the question, and with its meaning."""
    rankings = (
        ("copy evidence", COPY_ONLY, True),
        ("itlim, words only", Weights(), True),
        (DEFAULT, Weights(), False),
    )
    found = [
        Tracer(name=name + more, index=index, weights=weights, lexical_only=by_words, base=base)
        for name, weights, by_words in rankings
        for more, base in (("", None), (" + base", readings))
    ]
    for more, base in ((" + shifted", None), (" + base + shifted", readings)):
        found.append(
            Tracer(name=DEFAULT + more, index=index, weights=Weights(), base=base, shifted=readings)
        )
    return found


def peers(instances: tuple[Instance, ...]) -> list[Peer]:
    """What people would use without a tracer."""
    return [Peer(peer(instances)) for peer in PEERS]


def leave_out_path(given: Path | None) -> Path:
    """The committed table, if no other is named."""
    from itlim.families.demo.leave_out import LEAVE_OUT_FILE

    return given or LEAVE_OUT_FILE
