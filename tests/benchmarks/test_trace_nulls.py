"""Nulls are fitted and judged on different models and different prompts."""

import pytest

from tests.benchmarks.trace_material import Host
from tests.benchmarks.trace_nulls import LENGTH_CLASSES, null_hosts, null_spans
from tests.benchmarks.trace_text import words


def hosts(n_words=80):
    models = ("Llama-2-7b-chat-hf", "gpt-3.5-turbo-0301", "tulu-2-dpo-7b")
    return tuple(
        Host(
            prompt_id=number,
            split="test" if number % 2 else "dev",
            model=model,
            instruction=f"Prompt {number}?",
            response=" ".join(f"{model[:3]}{number}w{i}," for i in range(n_words)),
            task_types=frozenset(),
        )
        for model in models
        for number in range(6)
    )


def test_fit_and_test_share_no_model_and_no_prompt():
    fit, test = (null_hosts(hosts(), part) for part in ("fit", "test"))
    assert fit
    assert test
    for one in fit:
        assert all(one.model != other.model for other in test)
        assert all(one.prompt_id != other.prompt_id for other in test)


def test_spans_are_whole_words_of_every_length_class():
    spans = null_spans(hosts(), "test", n=90)
    assert [words(span.quote) for span in spans] == [
        words(span.response)[first : first + span.n_words]
        for span in spans
        for first in [words(span.response).index(words(span.quote)[0])]
    ]
    for number, span in enumerate(spans):
        low, high = LENGTH_CLASSES[number % len(LENGTH_CLASSES)]
        assert low <= span.n_words <= high
        assert not span.quote.endswith(",")


def test_equal_calls_give_equal_spans_and_the_parts_differ():
    assert null_spans(hosts(), "test", n=20) == null_spans(hosts(), "test", n=20)
    assert not {s.quote for s in null_spans(hosts(), "fit", n=20)} & {
        s.quote for s in null_spans(hosts(), "test", n=20)
    }


def test_responses_too_short_for_a_class_are_an_error_not_a_shorter_span():
    with pytest.raises(ValueError, match="None of the 3 responses of the test part"):
        null_spans(hosts(n_words=10), "test", n=9)
