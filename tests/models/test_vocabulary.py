"""Only ids that represent the same token in both models are compared."""

import pytest

from itlim.errors import VocabularyError
from itlim.models.vocabulary import SharedIds, Vocabulary, check_input_ids, shared_ids


def vocabulary(names, special=(), rows=None):
    return Vocabulary(
        tokens={name: place for place, name in enumerate(names) if name is not None},
        special_ids=frozenset(special),
        logit_count=rows or len(names),
    )


def test_equal_vocabularies_share_every_id():
    assert shared_ids(vocabulary("abc"), vocabulary("abc")) == SharedIds(stop=3)


def test_padded_rows_of_either_model_are_excluded():
    assert shared_ids(vocabulary("abc", rows=8), vocabulary("abc", rows=5)) == SharedIds(stop=3)


def test_special_tokens_added_by_tuning_are_excluded():
    tuned = vocabulary(["a", "b", "<start>", "<end>"], special=(2, 3))
    assert shared_ids(vocabulary("ab"), tuned) == SharedIds(stop=2)


def test_a_renamed_special_token_becomes_a_hole():
    base = vocabulary(["a", "<reserved>", "b"], special=(1,))
    tuned = vocabulary(["a", "<end>", "b"], special=(1,))
    shared = shared_ids(base, tuned)
    assert shared == SharedIds(stop=3, holes=(1,))
    assert shared.count == 2
    assert [token for token in range(-1, 4) if token in shared] == [0, 2]


def test_a_different_ordinary_token_is_rejected_by_name():
    with pytest.raises(VocabularyError, match=r"1 ordinary token: id 2 is 'c' .* 'x'"):
        shared_ids(vocabulary("abc"), vocabulary("abx"))


def test_a_missing_ordinary_token_is_rejected():
    with pytest.raises(VocabularyError, match="no token in the tuned model"):
        shared_ids(vocabulary("abc"), vocabulary("ab"))


def test_vocabularies_without_a_common_token_are_rejected():
    with pytest.raises(VocabularyError, match="share no token"):
        shared_ids(vocabulary(["<a>"], special=(0,)), vocabulary(["<b>"], special=(0,)))


def test_an_id_without_embedding_is_reported_with_the_model_that_lacks_it():
    check_input_ids([0, 4], {"base": 5, "tuned": 6})
    with pytest.raises(VocabularyError, match="id 5 is not in the base model"):
        check_input_ids([0, 5], {"base": 5, "tuned": 6})
