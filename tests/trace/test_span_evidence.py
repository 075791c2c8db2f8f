"""A span against its indexes: which words it touches, and its evidence by a slow implementation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_evidence import evidence_by_enumeration
from word_corpora import CORPORA, fields_of, in_memory

from itlim.errors import InputError
from itlim.text.words import words
from itlim.trace.evidence.background import corpus_surprisal
from itlim.trace.evidence.parts import TIGHT, repeat_surprisal, span_parts, topic_surprisal
from itlim.trace.evidence.span_evidence import CONTEXT_WORDS, Response, span_evidence
from itlim.trace.words.matching import match

RESPONSE = "So Tony & Maureen\u0301 😀 Wheeler."


def test_a_response_is_split_into_words():
    cut = Response.of("Who?", RESPONSE)
    assert cut.words == ("so", "tony", "maureeń", "wheeler")
    assert cut.starts.tolist() == [0, 3, 10, 21]
    assert cut.stops.tolist() == [2, 7, 18, 28]
    assert (cut.instruction, cut.text) == ("Who?", RESPONSE)


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 29, (0, 4)),
        (3, 7, (1, 2)),
        (4, 5, (1, 2)),
        (6, 11, (1, 3)),
        (2, 4, (1, 2)),
        (7, 22, (2, 4)),
        (17, 20, (2, 3)),
        (28, 29, None),
        (7, 10, None),
        (19, 20, None),
    ],
)
def test_a_range_of_code_points_takes_every_word_it_touches(start, stop, expected):
    cut = Response.of("", RESPONSE)
    if expected is None:
        with pytest.raises(InputError, match=r"contains no letter or digit\. Select a word"):
            cut.word_range(start, stop)
    else:
        assert cut.word_range(start, stop) == expected


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 3), (5, 3), (0, 30), (29, 30)])
def test_a_range_outside_the_response_is_refused(start, stop):
    with pytest.raises(InputError, match=f"{start}:{stop} is not inside the response of 29"):
        Response.of("", RESPONSE).word_range(start, stop)


@settings(deadline=None)
@given(st.text("ab -é😀\u0301", min_size=1, max_size=20), st.data())
def test_words_touch_a_range_as_letters_do(text, data):
    cut = Response.of("", text)
    start = data.draw(st.integers(0, len(text) - 1))
    stop = data.draw(st.integers(start + 1, len(text)))
    touched = [
        word
        for word, (a, b) in enumerate(zip(cut.starts, cut.stops, strict=True))
        if set(range(a, b)) & set(range(start, stop))
    ]
    if not touched:
        with pytest.raises(InputError):
            cut.word_range(start, stop)
        return
    assert cut.word_range(start, stop) == (touched[0], touched[-1] + 1)


def rare_digits(rows):
    """Rows that also contain many other words, so that a digit is rare enough to count."""
    filler = [("", "", f"x{number} y{number} z{number} " * 3) for number in range(60)]
    return [*rows, *filler]


WORDS = st.lists(st.sampled_from("1 2 3 4 5 Six".split()), min_size=1, max_size=10)


@settings(deadline=None, max_examples=40)
@given(
    corpora=st.lists(CORPORA, min_size=1, max_size=2),
    asked=WORDS,
    said=WORDS,
    base=st.none() | st.lists(st.sampled_from([0.0, 2.0, 30.0]), min_size=10, max_size=10),
    shifted=st.none() | st.lists(st.booleans(), min_size=10, max_size=10),
    data=st.data(),
)
def test_span_evidence_equals_a_slow_implementation(corpora, asked, said, base, shifted, data):
    corpora = [rare_digits(rows) for rows in corpora]
    indexes = [in_memory(rows) for rows in corpora]
    response = Response.of(" ".join(asked), "so " + " ".join(said))
    n = len(response.words)
    first = data.draw(st.integers(0, n - 1))
    last = data.draw(st.integers(first + 1, min(n, first + 8)))
    base = None if base is None else np.array([1.0, *base])[:n]
    shifted = None if shifted is None else np.array([True, *shifted])[:n]
    found = span_evidence(indexes, response, first, last, base=base, shifted=shifted)

    begin = max(0, first - 2)
    context = list(response.words[begin:last])
    surprisal = corpus_surprisal([match(index, context) for index in indexes])[first - begin :]
    if base is not None:
        surprisal = np.minimum(surprisal, base[first:last])
    topic = topic_surprisal(response.instruction, response.words, first, last)
    if topic is not None:
        surprisal = np.minimum(surprisal, topic)
    surprisal = np.minimum(surprisal, repeat_surprisal(response.words[first:last]))
    parts = span_parts(
        response.text,
        response.starts[first:last],
        response.stops[first:last],
        None if shifted is None else shifted[first:last],
    )
    query = list(response.words[first:last])
    assert len(found) == len(indexes)
    for one, rows in zip(found, corpora, strict=True):
        fields = fields_of(rows)
        expected = {}
        for position in range(len(rows) - 60):  # the filler shares no word
            own = fields[3 * position : 3 * position + 3]
            net = [
                evidence_by_enumeration(own, query, np.where(part.words, surprisal, 0))
                - part.chance
                for part in parts
            ]
            if max(net) > 0:
                expected[position] = (max(net), int(np.argmax(net)))
        assert one.positions.tolist() == sorted(expected)
        assert one.nats.tolist() == pytest.approx([expected[at][0] for at in sorted(expected)])
        assert one.best == pytest.approx(max((nats for nats, _ in expected.values()), default=0.0))
        assert one.best_part.tolist() == [expected[at][1] for at in sorted(expected)]
        assert one.matches.ids.tolist() == match(one.matches.index, query).ids.tolist()
        assert [part.part.name for part in one.parts] == [part.name for part in parts]


def test_a_sentence_with_one_borrowed_name_finds_its_source():
    rows = rare_digits([("", "", "Founded by Maureen Wheeler"), ("", "", "so it said and went")])
    text = "And so it said and went on with Maureen Wheeler all the time"
    cut = Response.of("", text)
    (whole,) = span_evidence([in_memory(rows)], cut, 0, len(cut.words))
    names = next(number for number, part in enumerate(whole.parts) if part.part.name == "names")
    at = whole.positions.tolist().index(0)
    assert whole.best_part[at] == names
    (alone,) = span_evidence([in_memory(rows)], cut, *cut.word_range(32, 47))
    chance = whole.parts[names].part.chance
    assert alone.nats.tolist() == pytest.approx([whole.nats[at]])
    assert alone.parts[0].part.chance == chance, "marked alone it is worth the same"


def test_shifted_words_are_scored_on_their_own():
    rows = rare_digits([("", "", "a stone wall stood")])
    cut = Response.of("", "yes it was indeed a stone wall that they had meant by it")
    n = len(cut.words)
    shifted = np.array([word in ("stone", "wall") for word in cut.words])
    (without,) = span_evidence([in_memory(rows)], cut, 0, n)
    (found,) = span_evidence([in_memory(rows)], cut, 0, n, shifted=shifted)
    assert found.parts[found.best_part[0]].part.name == "shifted words"
    assert found.best > without.best


def test_words_that_the_base_predicts_do_not_count():
    rows = rare_digits([("", "", "Maureen Wheeler")])
    cut = Response.of("", "by Maureen Wheeler")
    assert span_evidence([in_memory(rows)], cut, 1, 3)[0].best > 4
    expected = np.array([9.0, 0.01, 0.01])
    assert span_evidence([in_memory(rows)], cut, 1, 3, base=expected)[0].best == 0


def test_words_before_the_span_affect_the_surprisal_of_its_first_word():
    rows = rare_digits([("", "", f"stone wall w{number}") for number in range(40)])
    index = in_memory([*rows, ("", "", "wall of glass")])
    cut = Response.of("", "stone wall of glass")
    (found,) = span_evidence([index], cut, 1, 4)
    (apart,) = span_evidence([index], Response.of("", "wall of glass"), 0, 3)
    assert found.parts[0].surprisal[0] < apart.parts[0].surprisal[0]
    assert found.matches.ids.tolist() == apart.matches.ids.tolist()
    assert CONTEXT_WORDS == 2


def test_a_tight_span_is_not_discounted_by_its_topic():
    rows = rare_digits([("", "", "Maureen Wheeler and then some more of it")])
    index = in_memory(rows)
    said = "Maureen Wheeler and then some more"
    tight, loose = (
        span_evidence([index], Response.of(said, said), 0, length)[0].parts[0].surprisal
        for length in (TIGHT, TIGHT + 1)
    )
    assert (loose[:TIGHT] < tight).all()
    assert words(said)[0] == "maureen"
