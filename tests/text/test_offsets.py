"""Token texts concatenate to the response, however the tokenizer treats bytes and spaces."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_models import EOS, byte_level_tokenizer, unigram_tokenizer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from itlim.errors import InputError
from itlim.text.token_text import TokenDecoder

BYTE_LEVEL = byte_level_tokenizer()
UNIGRAM = unigram_tokenizer()
TOKENIZERS = pytest.mark.parametrize(
    "tokenizer", [BYTE_LEVEL, UNIGRAM], ids=["byte-level", "unigram"]
)
# Surrogates are not text; any other character can be pasted.
TEXTS = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(list(" \n\tThe👩‍🙂日本é"))),
    max_size=24,
)


def decoder(tokenizer, **options):
    return TokenDecoder(tokenizer, eos_ids={tokenizer.eos_token_id}, **options)


def check_consistency(found, count):
    assert len(found.texts) == len(found.char_starts) == len(found.char_stops) == count
    assert "".join(found.texts) == found.response
    reached = 0
    for text, start, stop in zip(found.texts, found.char_starts, found.char_stops, strict=True):
        assert 0 <= start <= stop <= len(found.response)
        if text:
            assert found.response[start:stop] == text
            assert start == reached
            reached = stop
    assert reached == len(found.response)


@TOKENIZERS
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS.filter(lambda text: text))
def test_pasted_text_is_reproduced_exactly(tokenizer, text):
    decode = decoder(tokenizer)
    ids = decode.encode_response(text)
    found = decode.token_texts(ids)
    assert found.response == text
    check_consistency(found, len(ids))


@TOKENIZERS
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_texts_of_any_ids_that_a_model_may_emit_concatenate(tokenizer, data):
    ids = data.draw(st.lists(st.integers(0, len(tokenizer) - 1), max_size=24))
    found = decoder(tokenizer).token_texts(ids)
    check_consistency(found, len(ids))


@TOKENIZERS
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS.filter(lambda text: text))
def test_the_response_prefix_of_the_template_is_removed(tokenizer, text):
    decode = decoder(tokenizer, response_prefix=" ")
    ids = decode.encode_response(text)
    found = decode.token_texts(ids)
    assert found.response == text
    check_consistency(found, len(ids))


def test_an_emoji_of_three_tokens_belongs_to_the_first():
    ids = BYTE_LEVEL.encode("x🙃", add_special_tokens=False)
    assert len(ids) == 4, "the tokenizer must not contain this emoji"
    found = decoder(BYTE_LEVEL).token_texts(ids)
    assert found.texts == ("x", "🙃", "", "")
    assert found.char_starts == (0, 1, 1, 1)
    assert found.char_stops == (1, 2, 2, 2)


def test_byte_fallback_tokens_share_their_characters_offsets():
    ids = decoder(UNIGRAM).encode_response("a 寿")
    found = decoder(UNIGRAM).token_texts(ids)
    assert found.texts[-3:] == ("寿", "", "")
    assert found.char_starts[-3:] == (2, 2, 2)
    assert found.char_stops[-3:] == (3, 3, 3)


def test_a_sentencepiece_response_keeps_its_leading_space():
    ids = UNIGRAM.encode("The Nile", add_special_tokens=False)
    assert decoder(UNIGRAM).token_texts(ids).response == " The Nile"


def test_without_a_prefix_no_space_is_inserted_before_pasted_text():
    decode = decoder(UNIGRAM)
    assert decode.token_texts(decode.encode_response("The Nile")).response == "The Nile"


def test_the_end_of_sequence_token_has_no_text_and_ends_the_response():
    ids = [*BYTE_LEVEL.encode("Paris", add_special_tokens=False), BYTE_LEVEL.eos_token_id]
    found = decoder(BYTE_LEVEL).token_texts(ids)
    assert found.response == "Paris"
    assert (found.texts[-1], found.char_starts[-1], found.char_stops[-1]) == ("", 5, 5)


def test_a_truncated_character_is_shown_as_a_replacement_character():
    ids = BYTE_LEVEL.encode("x🙃", add_special_tokens=False)[:3]
    found = decoder(BYTE_LEVEL).token_texts(ids)
    assert found.response == "x\ufffd"
    check_consistency(found, 3)


def test_the_name_of_a_special_token_in_pasted_text_is_plain_text():
    decode = decoder(BYTE_LEVEL)
    ids = decode.encode_response(f"Say {EOS} twice")
    assert BYTE_LEVEL.eos_token_id not in ids
    assert decode.token_texts(ids).response == f"Say {EOS} twice"


def test_special_tokens_partial_characters_and_padding_have_a_readable_text():
    decode = decoder(BYTE_LEVEL, id_count=len(BYTE_LEVEL))
    assert decode.text_of(BYTE_LEVEL.eos_token_id) == EOS
    assert decode.text_of(len(BYTE_LEVEL) + 5) == f"<id {len(BYTE_LEVEL) + 5}>"
    first_byte = BYTE_LEVEL.encode("🙃", add_special_tokens=False)[0]
    assert decode.text_of(first_byte) == "<0xF0 0x9F>"
    space = BYTE_LEVEL.encode(" ", add_special_tokens=False)[0]
    assert decode.text_of(space) == " "


def word_tokenizer(normalizer=None):
    """A tokenizer without bytes: whole words with a suffix mark, and an unknown token."""
    words = ["<unk>", "the", "nile", "riv", "##er", "a", ":"]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece()
    if normalizer:
        tokenizer.normalizer = normalizer
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", clean_up_tokenization_spaces=False
    )


def test_a_decoder_that_joins_words_uses_the_general_method():
    tokenizer = word_tokenizer()
    ids = tokenizer.encode("the river", add_special_tokens=False)
    found = TokenDecoder(tokenizer).token_texts(ids)
    assert found.texts == (" the", " riv", "er")
    check_consistency(found, 3)


@pytest.mark.parametrize("text", ["the 寿司", "The nile"])
def test_text_that_the_tokenizer_would_change_is_rejected_with_its_position(text):
    decode = TokenDecoder(word_tokenizer(normalizers.Lowercase()))
    with pytest.raises(InputError, match="at character"):
        decode.encode_response(text)
