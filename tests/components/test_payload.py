import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_tables import EDGE_TEXTS, run_row, telescope_table, token_table

from itlim.components.tokens.payload import model_label, run_payload, token_payload
from itlim.errors import InputError, NonFiniteError
from itlim.measures import MEASURES
from itlim.schema import TOKEN_SHIFTS


def payload_of(tokens: pa.Table) -> dict:
    return token_payload(tokens, doc="doc", base_name="base", tuned_name="tuned")


def unpacked(payload: dict, column: str) -> list[list[tuple[int, str, float]]]:
    """The top lists as the browser reads them from the payload."""
    ids, texts = payload["vocabulary"]["ids"], payload["vocabulary"]["texts"]
    return [
        [(ids[flat[at]], texts[flat[at]], flat[at + 1]) for at in range(0, len(flat), 2)]
        for flat in payload[column]
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=5), min_size=1, max_size=12), st.integers(0, 10), st.data())
def test_top_lists_survive_packing_even_from_a_slice(texts, top_k, data):
    tokens = token_table(texts, top_k=top_k)
    start = data.draw(st.integers(0, len(texts) - 1))
    part = tokens.slice(start)
    part = part.set_column(1, "position", pa.array(range(len(part)), pa.int32()))
    payload = payload_of(part)
    for column in ("top_base", "top_tuned"):
        for sent, entries in zip(unpacked(payload, column), part[column].to_pylist(), strict=True):
            assert [item[:2] for item in sent] == [(e["token_id"], e["text"]) for e in entries]
            assert [item[2] for item in sent] == pytest.approx(
                [e["prob"] for e in entries], rel=1e-3
            )


def test_texts_concatenate_to_the_response():
    tokens = token_table(EDGE_TEXTS)
    payload = payload_of(tokens)
    assert "".join(payload["texts"]) == "".join(EDGE_TEXTS)
    assert payload["ends"] == [len(EDGE_TEXTS) - 1]


def test_measures_keep_six_digits():
    tokens = telescope_table()
    columns = payload_of(tokens)["columns"]
    assert set(columns) == {one.column for one in MEASURES}
    for name in columns:
        np.testing.assert_allclose(columns[name], tokens[name].to_numpy(), rtol=1e-5, atol=1e-300)
    assert columns["base_rank"] == tokens["base_rank"].to_pylist()
    assert all(type(rank) is int for rank in columns["base_rank"])


def test_tiny_and_zero_values_survive_rounding():
    tokens = token_table(["a", "b"])
    tiny = tokens.set_column(
        tokens.column_names.index("base_prob"), "base_prob", pa.array([0.0, 1.2345678e-300])
    )
    assert payload_of(tiny)["columns"]["base_prob"] == [0.0, pytest.approx(1.23457e-300)]


def test_payload_is_compact_json_without_nan():
    text = json.dumps(payload_of(telescope_table()), allow_nan=False)
    assert len(text) < 450 * len(telescope_table()) + 20_000


def test_an_empty_table_gives_a_valid_payload():
    payload = payload_of(telescope_table().slice(0, 0))
    assert payload["texts"] == []
    assert payload["top_base"] == []


def test_missing_columns_are_named():
    with pytest.raises(InputError, match="kl_tuned_base"):
        payload_of(telescope_table().drop_columns(["kl_tuned_base"]))


def test_rows_out_of_order_are_rejected():
    tokens = telescope_table()
    with pytest.raises(InputError, match="not 0, 1, 2"):
        payload_of(tokens.take(pa.array([1, 0])))


def test_a_nan_is_rejected_with_its_column():
    tokens = token_table(["a", "b"])
    index = tokens.column_names.index("js")
    with pytest.raises(NonFiniteError, match="js"):
        payload_of(
            tokens.set_column(index, TOKEN_SHIFTS.field("js"), pa.array([0.1, float("nan")]))
        )


def test_run_names_its_models_and_document():
    tokens = telescope_table()
    payload = run_payload(run_row(tokens, run_id="abc"), tokens)
    assert payload["doc"] == "abc"
    assert payload["models"] == {"base": "base", "tuned": "sft"}


def test_model_label_of_odd_paths():
    assert [model_label(path) for path in ("x", "a/b/", r"C:\models\sft", "/")] == [
        "x",
        "b",
        "sft",
        "/",
    ]
