"""Vectors are those of the published model, regardless of batch, thread and device."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_encoder import tiny_encoder

from itlim.errors import CancelledError, EncoderError
from itlim.trace.meaning.encoder import SentenceEncoder, get_encoder
from itlim.trace.meaning.encoder_source import (
    DEFAULT_ENCODER,
    check_weights,
    chosen_encoder,
    default_folder,
    encoder_fingerprint,
    load_model,
)

TEXTS = [
    "Who painted The Persistence of Memory?",
    "Salvador Dali.",
    "The Nile is a river in Africa that flows north into the Mediterranean Sea. " * 3,
    "",
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return SentenceEncoder(str(tiny_encoder(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture(scope="module")
def default():
    return get_encoder(DEFAULT_ENCODER)


def by_hand(folder: Path, text: str, window: int) -> np.ndarray:
    """Mean of the last layer's states, divided by its length, as in the model card."""
    import torch
    from transformers import BertModel, BertTokenizerFast

    tokenizer = BertTokenizerFast.from_pretrained(folder)
    ids = tokenizer(text, truncation=True, max_length=window, padding=False)["input_ids"]
    with torch.no_grad():
        states = BertModel.from_pretrained(folder)(torch.tensor([ids])).last_hidden_state[0]
    mean = states.numpy().mean(axis=0)
    return mean / np.sqrt((mean**2).sum())


def test_the_default_encoder_gives_the_published_models_vectors(default):
    found = default.encode(TEXTS).vectors
    assert found.dtype == np.float32
    assert found.shape == (4, 384)
    for text, vector in zip(TEXTS, found, strict=True):
        np.testing.assert_allclose(vector, by_hand(default_folder(), text, 256), atol=2e-6)


def test_the_default_encoders_vectors_are_the_same_on_every_machine(default):
    # The first numbers of each, computed in float64.
    expected = [
        [0.0278033, 0.0698389, -0.0996791, 0.0748283, 0.0071151, 0.0999930],
        [0.0057716, 0.0277265, -0.0580287, 0.1061119, -0.0125365, 0.0374416],
        [-0.0304521, 0.0695346, -0.0248950, -0.0529115, -0.1058192, 0.0014167],
        [-0.1188384, 0.0482987, -0.0025481, -0.0110112, 0.0519508, 0.0102917],
    ]
    np.testing.assert_allclose(default.encode(TEXTS).vectors[:, :6], expected, rtol=0, atol=2e-6)


def test_similarity_follows_meaning_not_shared_words(default):
    question, paraphrase, other = default.encode(
        ["Who painted this picture?", "Which artist made that canvas?", "Who sank this ship?"]
    ).vectors
    assert question @ paraphrase > question @ other


def test_texts_beyond_the_window_are_counted(tiny):
    # 14 words, [CLS] and [SEP] fill the window of 16.
    found = tiny.encode(["river " * 14, "river " * 15, "nile", "river " * 15])
    assert found.n_cut == 2
    np.testing.assert_allclose(found.vectors[0], found.vectors[1], atol=1e-6)


def test_a_tiny_encoder_by_hand(tiny):
    text = "paris is a river " * 5
    np.testing.assert_allclose(
        tiny.encode(["nile", text]).vectors[1], by_hand(Path(tiny.name), text, 16), atol=2e-6
    )


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.lists(st.sampled_from("river nile paris is a".split())).map(" ".join), max_size=9),
    st.sampled_from([1, 7, 40]),
)
def test_batches_change_nothing(tiny, texts, batch_tokens):
    together = tiny.encode(texts, batch_tokens=batch_tokens).vectors
    assert len(together) == len(texts)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(vector, tiny.vector(text), atol=1e-5)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_equal_texts_are_encoded_once(tiny, monkeypatch):
    from sentence_transformers import SentenceTransformer

    seen = []
    forward = SentenceTransformer.forward
    monkeypatch.setattr(
        SentenceTransformer,
        "forward",
        lambda self, features: seen.extend(features["input_ids"]) or forward(self, features),
    )
    found = tiny.encode(["nile", "river", "nile", "nile"]).vectors
    assert len(seen) == 2
    assert (found[0] == found[2]).all()
    assert (found[0] == found[3]).all()
    assert not np.allclose(found[0], found[1])


def test_vectors_are_float32_regardless_of_the_checkpoints_dtype(tiny, tmp_path):
    import torch
    from sentence_transformers import SentenceTransformer

    rough = SentenceTransformer(tiny.name, model_kwargs={"dtype": torch.bfloat16})
    rough.save(str(tmp_path))
    weights = load_model(str(tmp_path)).state_dict().values()
    assert {weight.dtype for weight in weights if weight.is_floating_point()} == {torch.float32}
    assert SentenceEncoder(str(tmp_path)).vector("nile").dtype == np.float32


def test_progress_ends_at_the_total_and_canceling_stops_between_batches(tiny):
    texts = [f"{'river ' * n}nile" for n in range(6)]
    steps = []
    tiny.encode(texts, progress=lambda *step: steps.append(step), batch_tokens=4)
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert steps[-1][0] == steps[-1][1] == sum(n + 3 for n in range(6))
    answers = iter([False, False, True])
    batches = []
    with pytest.raises(CancelledError):
        tiny.encode(
            texts,
            progress=lambda *step: batches.append(step),
            cancelled=lambda: next(answers),
            batch_tokens=4,
        )
    assert len(batches) == 2


def test_threads_may_encode_concurrently(tiny):
    texts = ["river nile", "paris", "a river is a nile", "is"]
    alone = tiny.encode(texts).vectors
    faults = []

    def work() -> None:
        for _ in range(10):
            if not np.allclose(tiny.encode(texts).vectors, alone, atol=1e-5):
                faults.append("differs")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_a_querys_vector_is_cached_and_read_only(tiny):
    vector = tiny.vector("nile")
    assert tiny.vector("nile") is vector
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


def test_a_lone_surrogate_can_be_encoded(tiny):
    assert tiny.encode(["nile \ud83d"]).vectors.shape == (1, 16)


def test_no_texts_give_no_vectors(tiny):
    assert len(tiny.encode([]).vectors) == 0


def test_the_environment_names_the_encoder(monkeypatch, tiny):
    monkeypatch.delenv("ITLIM_ENCODER", raising=False)
    assert chosen_encoder() == DEFAULT_ENCODER
    monkeypatch.setenv("ITLIM_ENCODER", tiny.name)
    assert get_encoder().name == tiny.name
    assert get_encoder() is get_encoder(tiny.name)


def test_a_fingerprint_changes_with_any_file(tmp_path):
    folder = tiny_encoder(tmp_path)
    first = encoder_fingerprint(str(folder))
    assert first == encoder_fingerprint(str(folder))
    assert encoder_fingerprint(DEFAULT_ENCODER).endswith("cacb4fab128d9db")
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(pooling.read_text().replace("mean", "cls"))
    assert encoder_fingerprint(str(folder)) != first


def test_weights_of_another_hash_are_refused(tmp_path):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"other weights")
    with pytest.raises(EncoderError, match=r"expected 0123.*Reinstall"):
        check_weights(weights, "0123")
    with pytest.raises(EncoderError, match="cannot be read"):
        check_weights(tmp_path / "none", "0123")


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_folder_that_is_not_an_encoder_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(EncoderError, match="ITLIM_ENCODER"):
        SentenceEncoder(str(tmp_path)).encode(["x"])


def test_an_unknown_name_has_no_fingerprint(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderError, match="no/such encoder"):
        encoder_fingerprint("no/such encoder")
