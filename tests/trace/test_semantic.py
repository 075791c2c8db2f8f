"""Cosines equal numpy's on the float16 values; there is exactly one vector per instance."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.errors import CancelledError, IndexDamagedError, ShapeError
from itlim.trace.meaning.encoder import Embeddings
from itlim.trace.meaning.vectors import VectorIndex, pair_text, write_vectors

DIMENSION = 24


class HashEncoder:
    """Pseudo-random vectors that depend on the text alone."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts, *, progress=None, cancelled=None):
        if cancelled is not None and cancelled():
            raise CancelledError("stopped")
        self.encoded += texts
        if not texts:
            # Like the real encoder, which has no dimension without a text.
            return Embeddings(vectors=np.zeros((0, 0), dtype=np.float32), n_cut=0)
        if progress is not None:
            progress(1, 1)
        return Embeddings(
            vectors=vectors_of(texts), n_cut=sum(text.endswith("long") for text in texts)
        )


def vectors_of(texts) -> np.ndarray:
    rows = [
        np.random.default_rng(list(hashlib.sha256(text.encode()).digest())).normal(size=DIMENSION)
        for text in texts
    ]
    vectors = np.array(rows, dtype=np.float32).reshape(-1, DIMENSION)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write(path, texts, batch=3, **options):
    batches = [texts[start : start + batch] for start in range(0, len(texts), batch)]
    return write_vectors(path, batches, len(texts), HashEncoder(), **options)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.text("abc", max_size=3), min_size=1, max_size=40), st.integers(1, 12))
def test_cosines_and_nearest_equal_numpys(tmp_path_factory, texts, k):
    path = tmp_path_factory.mktemp("v") / "pairs.faiss"
    write(path, texts)
    stored = vectors_of(texts).astype(np.float16).astype(np.float32)
    query = vectors_of(["the query"])[0]
    expected = stored @ query
    index = VectorIndex.open(path, len(texts))
    np.testing.assert_allclose(index.cosines(range(len(texts)), query), expected, atol=1e-6)
    positions, cosines = index.nearest(query, k)
    assert len(positions) == min(k, len(texts))
    np.testing.assert_allclose(cosines, np.sort(expected)[::-1][:k], atol=1e-6)
    np.testing.assert_allclose(expected[positions], cosines, atol=1e-6)


def test_a_case_by_hand(tmp_path):
    class Axes:
        def encode(self, texts, *, progress=None, cancelled=None):
            rows = {"x": [1, 0], "y": [0, 1], "between": [0.6, 0.8]}
            return Embeddings(vectors=np.array([rows[t] for t in texts], dtype="f4"), n_cut=0)

    path = tmp_path / "a.faiss"
    write_vectors(path, [["x", "between"], ["y"]], 3, Axes())
    index = VectorIndex.open(path, 3)
    query = np.array([0.8, -0.6], dtype=np.float32)
    np.testing.assert_allclose(index.cosines([2, 1, 0], query), [-0.6, 0, 0.8], atol=1e-3)
    assert index.nearest(query, 2)[0].tolist() == [0, 1]


def test_repetitions_are_encoded_once_and_truncated_texts_are_counted(tmp_path):
    encoder = HashEncoder()
    texts = [["a", "b", "a"], ["b", "c long", "a", "c long"], ["b", "a"]]
    facts = write_vectors(tmp_path / "a.faiss", texts, 9, encoder)
    assert encoder.encoded == ["a", "b", "c long"]
    assert facts == {"dimension": DIMENSION, "n_cut": 1}
    index = VectorIndex.open(tmp_path / "a.faiss", 9)
    cosines = index.cosines([0, 1, 2, 3, 5, 8], vectors_of(["a"])[0])
    np.testing.assert_allclose(cosines[[0, 2, 4, 5]], 1, atol=1e-3)
    assert cosines[1] == cosines[3] != pytest.approx(1, abs=1e-3)


def test_only_the_index_file_is_left(tmp_path):
    write(tmp_path / "a.faiss", ["a", "b"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.faiss"]
    assert (tmp_path / "a.faiss").stat().st_size < 2 * DIMENSION * 2 + 200


def test_progress_rises_to_one_and_canceling_stops(tmp_path):
    seen = []
    write(tmp_path / "a.faiss", list("abcdefg"), progress=seen.append)
    assert seen == pytest.approx([3 / 7, 6 / 7, 1])
    with pytest.raises(CancelledError):
        write(tmp_path / "b.faiss", list("abc"), cancelled=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.faiss"]


def test_beyond_the_limit_cells_keep_cosines_exact_and_find_the_same(tmp_path):
    texts = [f"text {number}" for number in range(1500)]
    path = tmp_path / "a.faiss"
    write(path, texts, batch=400, exact_up_to=500)
    index = VectorIndex.open(path, 1500, exact_up_to=500)
    assert hasattr(index.faiss_index, "nprobe"), "in cells"
    stored = vectors_of(texts).astype(np.float16).astype(np.float32)
    wanted = [1499, 0, 777]
    query = vectors_of(["q"])[0]
    np.testing.assert_allclose(index.cosines(wanted, query), stored[wanted] @ query, atol=1e-6)
    for number in (3, 600, 1400):
        positions, cosines = index.nearest(vectors_of([texts[number]])[0], 5)
        assert positions[0] == number
        assert cosines[0] == pytest.approx(1, abs=1e-3)
        assert (np.diff(cosines) <= 0).all()
    assert len(index.nearest(query, 1500)[0]) < 1500


def test_damage_is_named(tmp_path):
    path = tmp_path / "a.faiss"
    write(path, list("abcdef"))
    with pytest.raises(IndexDamagedError, match="has 6 vectors, expected 7"):
        VectorIndex.open(path, 7)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(IndexDamagedError, match="Rebuild"):
        VectorIndex.open(path, 6)
    path.write_bytes(b"no index at all" * 20)
    with pytest.raises(IndexDamagedError, match="Rebuild"):
        VectorIndex.open(path, 6)
    with pytest.raises(IndexDamagedError, match="Rebuild"):
        VectorIndex.open(tmp_path / "none.faiss", 6)


def test_a_query_of_another_encoder_is_refused(tmp_path):
    write(tmp_path / "a.faiss", ["a"])
    index = VectorIndex.open(tmp_path / "a.faiss", 1)
    with pytest.raises(ShapeError, match="another encoder"):
        index.nearest(np.ones(7, dtype=np.float32), 1)


def test_a_wrong_number_of_texts_is_an_error(tmp_path):
    with pytest.raises(ShapeError, match="2 texts to encode"):
        write_vectors(tmp_path / "a.faiss", [["a", "b"]], 3, HashEncoder())


def test_the_text_of_a_pair_omits_empty_fields():
    assert pair_text("Sum up.", "A text.", "Short.") == "Sum up.\nA text.\nShort."
    assert pair_text("Greet.", "", "Hello.") == "Greet.\nHello."
