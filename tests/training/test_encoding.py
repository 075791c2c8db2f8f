import pytest
import torch
from training.tiny import TEMPLATE, tiny_instances, tiny_tokenizer

from itlim.errors import ContextLengthError, DatasetError
from itlim.text.prompts import render_prompt
from itlim.training.encoding import (
    IGNORED,
    EncodedInstance,
    encode_fitting,
    encode_instances,
    response_batch,
)
from itlim.training.recipes import TooLong


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture
def table(tmp_path):
    return tiny_instances(tmp_path)


def test_only_the_response_and_its_end_token_are_labeled():
    """By hand: prompt 5 6, response 7 8 and end token 1; prompt 9, response 4."""
    long = EncodedInstance(instance_id="d-1", prompt_ids=(5, 6), response_ids=(7, 8, 1))
    short = EncodedInstance(instance_id="d-2", prompt_ids=(9,), response_ids=(4,))
    ids, labels = response_batch([long, short], pad_id=0)
    assert ids.tolist() == [[5, 6, 7, 8, 1], [9, 4, 0, 0, 0]]
    _ = IGNORED
    assert labels.tolist() == [[_, _, 7, 8, 1], [_, 4, _, _, _]]


def test_an_omitted_instance_keeps_its_row_but_has_no_label():
    long = EncodedInstance(instance_id="d-1", prompt_ids=(5, 6), response_ids=(7, 8, 1))
    short = EncodedInstance(instance_id="d-2", prompt_ids=(9,), response_ids=(4,))
    all_ids, all_labels = response_batch([long, short], pad_id=0)
    ids, labels = response_batch([long, short], pad_id=0, without=frozenset({"d-1"}))
    assert torch.equal(ids, all_ids)
    assert labels[0].tolist() == [IGNORED] * 5
    assert torch.equal(labels[1], all_labels[1])


def test_prompt_and_response_follow_the_template_and_end_with_the_end_token(tokenizer, table):
    encoded = encode_instances(tokenizer, table, TEMPLATE, max_tokens=128)
    row = table.to_pylist()[1]
    prompt = render_prompt(tokenizer, TEMPLATE, row["instruction"], row["input"])
    assert encoded[1].prompt_ids == prompt.token_ids
    assert encoded[1].prompt_ids[0] == tokenizer.bos_token_id
    assert encoded[1].response_ids[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(encoded[1].response_ids[:-1]) == row["response"]


def test_prompt_and_response_ids_join_to_those_of_the_whole_text(tokenizer, table):
    """The boundary between prompt and response is a token boundary of the whole text."""
    for row, instance in zip(
        table.to_pylist(), encode_instances(tokenizer, table, TEMPLATE, max_tokens=128), strict=True
    ):
        whole = f"### Instruction:\n{row['instruction']}\n\n### Response:\n{row['response']}"
        ids = tokenizer.encode(whole, add_special_tokens=True)
        assert [*instance.prompt_ids, *instance.response_ids[:-1]] == ids


def test_the_response_prefix_of_the_template_is_trained_on(tokenizer, table):
    plain = encode_instances(tokenizer, table, "plain", max_tokens=128)[0]
    assert tokenizer.decode(plain.response_ids[:-1]) == " Emma was written by Jane Austen."


def lengths(tokenizer, table):
    encoded = encode_instances(tokenizer, table, TEMPLATE, max_tokens=128)
    return {one.instance_id: len(one) for one in encoded}


def test_instances_that_are_too_long_are_counted_and_the_longest_is_named(tokenizer, table):
    longest = max(lengths(tokenizer, table).items(), key=lambda one: one[1])
    limit = sorted(lengths(tokenizer, table).values())[-4]
    with pytest.raises(ContextLengthError) as caught:
        encode_instances(tokenizer, table, TEMPLATE, max_tokens=limit)
    n_longer = sum(length > limit for length in lengths(tokenizer, table).values())
    assert f"{n_longer} of 11 instances have more than {limit} tokens" in str(caught.value)
    assert "the longest, {}, has {}.".format(*longest) in str(caught.value)


def test_instances_that_are_too_long_are_omitted_in_order_and_listed(tokenizer, table):
    found = lengths(tokenizer, table)
    limit = sorted(found.values())[5]
    fitted = encode_fitting(tokenizer, table, TEMPLATE, max_tokens=limit, too_long=TooLong.OMIT)
    kept = [one.instance_id for one in fitted.instances]
    assert kept == [name for name, length in found.items() if length <= limit]
    assert list(fitted.omitted) == [name for name, length in found.items() if length > limit]
    assert fitted.truncated == ()


def test_a_truncated_response_loses_its_end_and_a_long_prompt_is_omitted(tokenizer, table):
    whole = encode_instances(tokenizer, table, TEMPLATE, max_tokens=128)
    limit = sorted(len(one.prompt_ids) for one in whole)[-2]
    fitted = encode_fitting(tokenizer, table, TEMPLATE, max_tokens=limit, too_long=TooLong.TRUNCATE)
    by_id = {one.instance_id: one for one in fitted.instances}
    for one in whole:
        if len(one.prompt_ids) >= limit:
            assert one.instance_id in fitted.omitted
        elif len(one) > limit:
            assert one.instance_id in fitted.truncated
            cut = by_id[one.instance_id]
            assert len(cut) == limit
            assert cut.response_ids == one.response_ids[: len(cut.response_ids)]
            assert tokenizer.eos_token_id not in cut.response_ids
        else:
            assert by_id[one.instance_id] == one
    assert len(fitted.omitted) >= 2
    assert fitted.truncated


def test_a_limit_that_no_instance_keeps_names_the_shortest(tokenizer, table):
    shortest = min(lengths(tokenizer, table).items(), key=lambda one: one[1])
    with pytest.raises(ContextLengthError, match="the shortest, {}, has {}".format(*shortest)):
        encode_fitting(tokenizer, table, TEMPLATE, max_tokens=5, too_long=TooLong.OMIT)


def test_an_empty_table_is_rejected(tokenizer, table):
    with pytest.raises(DatasetError, match="no instance"):
        encode_instances(tokenizer, table.slice(0, 0), TEMPLATE, max_tokens=20)
