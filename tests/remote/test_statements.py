"""What the statements about columns say."""

import pyarrow as pa

from itlim.remote.statements import column_statements
from itlim.schema import REMOTE_TOKENS


def test_statements_about_one_token_are_singular():
    none = dict.fromkeys(REMOTE_TOKENS.names)
    one = none | {"emitted_rank": 3, "emitted_rank_decided": False}
    tokens = pa.table({name: [one[name]] for name in REMOTE_TOKENS.names}, schema=REMOTE_TOKENS)
    found = {each.column: each for each in column_statements(tokens)}
    assert found["emitted_log_prob"].note == "1 token has none: its probability is 0."
    assert found["base_rank"].note.startswith("1 token has none: its value is not in")
    assert found["emitted_rank"].note.startswith("Of 1 token, the server")
    assert "(1 of 1 token)" in found["emitted_rank"].line()
    both = {each.column: each for each in column_statements(pa.concat_tables([tokens, tokens]))}
    assert both["emitted_log_prob"].note == "2 tokens have none: their probabilities are 0."
