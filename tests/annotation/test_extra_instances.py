"""Decoys for spans that few instances explain: from the index, highlighted like candidates."""

import random
import re
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.annotation.decoys import DECOY, MIN_DECOY_RANK, OWN_SEARCH, TRACER, candidates_to_judge
from itlim.annotation.extra_instances import ExtraInstances, previously_judged, shared_words
from itlim.errors import NotFoundError
from itlim.library import load_library
from itlim.records import InstanceField, Judgment, Verdict
from itlim.text.words import words
from itlim.trace import build_index, trace_span
from itlim.trace.index import build

RESPONSE = (
    "Toyota was founded by Tony and Maureen Wheeler. The company was started in 1947. "
    "It makes cars."
)
INSTRUCTION = "Tell me who founded Toyota."
NAME = "Maureen Wheeler"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A lexical index of the demo family's dataset, without a chance baseline."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "write_chance", lambda _folder, _phases: None)
        folder = tmp_path_factory.mktemp("demo") / "index"
        return build_index(load_library().dataset("demo"), folder, lexical_only=True)


def ranked(index, quote):
    start = RESPONSE.index(quote)
    return trace_span(
        [index],
        instruction=INSTRUCTION,
        response=RESPONSE,
        start=start,
        stop=start + len(quote),
        top=MIN_DECOY_RANK + 39,
        lexical_only=True,
    ).candidates


def extra(index, quote):
    start = RESPONSE.index(quote)
    return ExtraInstances([index], RESPONSE, start=start, stop=start + len(quote))


def judged(index, quote, n, seed="0/item/ann"):
    return candidates_to_judge(ranked(index, quote), n, seed=seed, extra=extra(index, quote))


def of(shown, retriever):
    return [one for one in shown if one.retriever == retriever]


def highlighted_words(one):
    return [one.texts[field][start:stop] for field, start, stop in one.highlights]


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("quote", [NAME, "Tony and Maureen Wheeler", "1947"])
def test_a_span_that_few_instances_explain_gets_the_requested_number_of_decoys(index, quote, n):
    assert 0 < len(ranked(index, quote)) < MIN_DECOY_RANK
    assert len(candidates_to_judge(ranked(index, quote), n, seed="s")) == len(ranked(index, quote))
    shown = judged(index, quote, n)
    assert len(of(shown, DECOY)) == n
    assert len({one.instance_id for one in shown}) == len(shown)
    assert all((one.rank, one.score) == (None, None) for one in of(shown, DECOY))
    assert all(one.rank >= 1 for one in of(shown, TRACER))


def test_a_long_ranking_needs_no_other_instances(index):
    alone = candidates_to_judge(ranked(index, "was founded by"), 2, seed="s")
    assert len(of(alone, DECOY)) == 2
    with_index = candidates_to_judge(
        ranked(index, "was founded by"), 2, seed="s", extra=extra(index, "was founded by")
    )
    assert with_index == alone


def test_a_span_that_nothing_explains_gets_no_decoys(index):
    assert candidates_to_judge((), 3, seed="s", extra=extra(index, "makes cars")) == ()


def test_the_decoys_of_a_name_are_highlighted_like_the_candidate(index):
    """Worked by hand: the instance with the name has the founding formula, like the decoys."""
    shown = judged(index, NAME, 2)
    (real,) = of(shown, TRACER)
    assert highlighted_words(real) == [
        "was founded by Tony and Maureen Wheeler. The company was started in"
    ]
    for decoy in of(shown, DECOY):
        assert any("was founded by" in stretch for stretch in highlighted_words(decoy))
        assert "The company was started in" in highlighted_words(decoy)


def test_over_many_names_neither_length_nor_highlights_reveal_a_decoy(index):
    """Forty borrowed names; guessing by length or highlights is right half the time."""
    longer, more_highlighted = [], []
    for number in random.Random(1).sample(range(index.meta.n_instances), 40):
        text = index.instance_at(number)["response"]
        name = next((w for w in text.split()[2:] if w[:1].isupper()), text.split()[-1]).strip(".,")
        start = text.index(name)
        trace = trace_span(
            [index], instruction="", response=text, start=start, stop=start + len(name),
            top=50, lexical_only=True,
        )  # fmt: skip
        pool = ExtraInstances([index], text, start=start, stop=start + len(name))
        # The instance that contains the text would be highlighted throughout.
        others = [one for one in trace.candidates if one.response != text]
        shown = candidates_to_judge(others, 1, seed=str(number), extra=pool)
        for real in of(shown, TRACER)[:1]:
            (decoy,) = of(shown, DECOY)
            longer.append((decoy.length > real.length) - (decoy.length < real.length))
            more_highlighted.append(
                (decoy.visible_evidence > real.visible_evidence)
                - (decoy.visible_evidence < real.visible_evidence)
            )
    assert len(longer) > 12
    assert abs(mean(longer)) < 0.5
    assert abs(mean(more_highlighted)) < 0.5


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_decoy_never_contains_the_span_and_is_not_a_candidate(index, data):
    pieces = RESPONSE.split()
    first = data.draw(st.integers(0, len(pieces) - 1))
    last = data.draw(st.integers(first + 1, min(len(pieces), first + 6)))
    quote = " ".join(pieces[first:last])
    seed = data.draw(st.text(max_size=4))
    candidates = ranked(index, quote)
    pool = extra(index, quote).draw(seed, {one.instance_id for one in candidates})
    span = words(quote)
    assert pool
    for one in pool:
        assert one.instance_id not in {candidate.instance_id for candidate in candidates}
        for text in one.texts.values():
            held = words(text)
            assert span not in [held[at : at + len(span)] for at in range(len(held))]
            found = re.search(rf"(?<!\w){re.escape(quote)}(?!\w)", text, re.IGNORECASE)
            assert not found


@pytest.mark.parametrize("seed", ["a", "b", "c", "d"])
@pytest.mark.parametrize("quote", [NAME, "1947"])
def test_a_decoy_is_about_as_long_as_a_candidate(index, quote, seed):
    """Length and highlights count equally, so no instance in the pool is closer in both."""
    shown = judged(index, quote, 1, seed)
    (decoy,) = of(shown, DECOY)
    assert min(abs(decoy.length - real.length) / real.length for real in of(shown, TRACER)) < 0.25


def test_the_same_seed_gives_the_same_decoys_and_others_give_others(index):
    assert judged(index, NAME, 2, "a") == judged(index, NAME, 2, "a")
    assert extra(index, "1947").draw("a", ()) == extra(index, "1947").draw("a", ())
    orders = {tuple(one.instance_id for one in judged(index, NAME, 2, str(n))) for n in range(12)}
    assert len(orders) > 3


def test_equal_instances_are_drawn_once(index):
    pool = extra(index, NAME).draw("a", ())
    assert len({tuple(one.texts.values()) for one in pool}) == len(pool)


def test_adjacent_words_are_highlighted_together_and_common_ones_only_next_to_rare_ones():
    texts = {InstanceField.RESPONSE: "The cat, the dog and the end. A Dog."}
    found = list(shared_words(texts, frozenset({"the", "dog"}), frozenset({"dog"})))
    assert [texts[field][start:stop] for field, start, stop in found] == ["the dog", "Dog"]


def verdict_on(instance_id):
    return Judgment(
        span_id="s", instance_id=instance_id, verdict=Verdict.CAUSAL, retriever=OWN_SEARCH,
        rank=3, score=1.5,
    )  # fmt: skip


def test_an_instance_judged_before_has_the_words_of_the_span_and_how_it_was_found(index):
    (known,) = ranked(index, NAME)
    again = previously_judged([index], verdict_on(known.instance_id), NAME)
    assert again.texts[InstanceField.RESPONSE] == known.response
    assert highlighted_words(again) == [NAME]
    assert (again.retriever, again.rank, again.score) == (OWN_SEARCH, 3, 1.5)


@pytest.mark.parametrize("name", ["demo-99999", "elsewhere-1"])
def test_an_instance_that_no_longer_exists_raises_an_error(index, name):
    with pytest.raises(NotFoundError):
        previously_judged([index], verdict_on(name), NAME)
