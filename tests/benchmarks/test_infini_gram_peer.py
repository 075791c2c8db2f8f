"""infini-gram's spans, as the peer asks for them, are all the maximal verbatim spans."""

import numpy as np
import pytest

from tests.benchmarks.infini_gram_peer import InfiniGram, VerbatimSpan, build

pytest.importorskip("infini_gram", reason="infini-gram has no wheel for this machine")


def maximal_spans(documents, query, min_len):
    """By trying every span: the definition."""

    def count(words):
        n = len(words)
        return sum(
            list(document[at : at + n]) == list(words)
            for document in documents
            for at in range(len(document) - n + 1)
        )

    found = []
    for start in range(len(query)):
        stop = start
        while stop < len(query) and count(query[start : stop + 1]):
            stop += 1
        inside = any(one.stop >= stop for one in found)
        if stop > start and not inside:
            found.append(VerbatimSpan(start=start, stop=stop, count=count(query[start:stop])))
    return [one for one in found if one.stop - one.start >= min_len]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    rng = np.random.default_rng(3)
    documents = [rng.integers(0, 9, rng.integers(1, 40)).tolist() for _ in range(60)]
    documents.append([300, 65_000, 300, 2, 2, 2])
    folder = tmp_path_factory.mktemp("infini-gram")
    build(documents, folder)
    return documents, InfiniGram(folder)


def test_spans_equal_those_found_by_trying_all(corpus):
    documents, index = corpus
    rng = np.random.default_rng(4)
    for _ in range(20):
        query = rng.integers(-1, 10, rng.integers(1, 30)).tolist()
        for min_len in (1, 3):
            expected = maximal_spans(documents, query, min_len)
            assert sorted(index.spans(query, min_len)) == expected, query


def test_spans_do_not_cross_documents_and_unknown_words_end_them(corpus):
    _, index = corpus
    assert index.spans([300, 65_000, -1, 65_000, 300, 2]) == [
        VerbatimSpan(start=0, stop=2, count=1),
        VerbatimSpan(start=3, stop=6, count=1),
    ]
    # 2 ends the last document; nothing follows it there.
    assert [one.stop for one in index.spans([65_000, 300, 2, 2, 2, 300])] == [5, 6]


def test_ids_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(ValueError, match="largest is 70000"):
        build([[70_000]], tmp_path / "none")
