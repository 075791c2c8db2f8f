import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.datasets.json_rows import json_array_rows, json_line_rows
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError


def rows(path, reader, **limits):
    with TextFile(path, **limits) as file:
        return list(reader(file))


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "rows.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_line_ends_only_at_a_line_feed(written):
    text = json.dumps({"a": "x\u2028y\u0085z\x1cw"}, ensure_ascii=False).replace("\\u001c", "\x1c")
    # A bare \x1c is not valid JSON; U+2028 and U+0085 inside a string are.
    first, second = rows(written('{"a": "x\u2028y\u0085z"}\r\n' + text), json_line_rows)
    assert first.value == {"a": "x\u2028y\u0085z"}
    assert (second.line, second.fault) == (2, "invalid JSON: Invalid control character at")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[" * 100_000, "cannot be read"),
        ('{"n": ' + "9" * 5000 + "}", "cannot be read"),
        ('{"a": 1} {"a": 2}', "invalid JSON: Extra data"),
    ],
)
def test_an_invalid_line_is_reported_and_the_next_is_read(written, line, fault):
    bad, good = rows(written(line + '\n{"a": 1}\n'), json_line_rows)
    assert fault in bad.fault
    assert (good.line, good.value) == (2, {"a": 1})


def test_a_row_over_the_size_limit_is_reported(written):
    limits = {"max_row_bytes": 50, "chunk_bytes": 16}
    long, short = json.dumps({"a": "x" * 200}), '{"a": "y"}'
    one, two, three = rows(written(f"{short}\n{long}\n{short}"), json_line_rows, **limits)
    assert (two.line, two.fault) == (2, "longer than 50 bytes")
    assert (one.value, three.line, three.value) == ({"a": "y"}, 3, {"a": "y"})
    with pytest.raises(DatasetError, match=r"line 2: invalid JSON \(longer than 50 bytes\)"):
        rows(written(f"[{short},\n{long},\n{short}]"), json_array_rows, **limits)


def test_each_array_element_has_the_line_on_which_it_begins(written):
    text = '\n [\n {"a":\n 1}, {"b": 2},\n\n "text", 3, null\n]\n\n'
    found = rows(written(text), json_array_rows)
    assert [(row.line, row.value) for row in found] == [
        (3, {"a": 1}),
        (4, {"b": 2}),
        (6, "text"),
        (6, 3),
        (6, None),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "cut off"),
        ('[{"a": 1}', "cut off"),
        ('[{"a": 1},\n{"a": "x', "cut off"),
        ('[{"a": 1},\n{"a": ', "cut off"),
        ('[{"a": 1},\n{"a" 2}, {"b": 3}]', r"line 2: invalid JSON \(Expecting ':'"),
        ('[{"a": 1},\n\ntrue, maybe]', "line 3: invalid JSON"),
        ('[{"a": 1}]\n[{"a": 2}]', "line 2: text after the end"),
        ("[" * 100_000, "invalid JSON"),
    ],
)
def test_an_invalid_array_is_an_error_with_the_line(written, text, message):
    with pytest.raises(DatasetError, match=message):
        rows(written(text), json_array_rows)


def test_an_error_in_a_large_array_is_raised_before_its_end(written):
    text = "[" + '{"a": nonsense}, ' + '{"a": 1}, ' * 10_000 + "]"
    with TextFile(written(text), chunk_bytes=64) as file:
        with pytest.raises(DatasetError, match="line 1: invalid JSON"):
            list(json_array_rows(file))
        assert file.fraction() < 0.5


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    values=st.lists(JSON_VALUES, max_size=6),
    chunk=st.integers(1, 40),
    indent=st.sampled_from([None, 0, 3]),
    is_ascii=st.booleans(),
)
def test_an_array_in_any_chunks_is_read_as_by_json_loads(
    tmp_path_factory, values, chunk, indent, is_ascii
):
    path = tmp_path_factory.mktemp("chunks") / "rows.json"
    text = json.dumps(values, indent=indent, ensure_ascii=is_ascii)
    try:
        path.write_bytes(text.encode())
    except UnicodeEncodeError:
        path.write_bytes(json.dumps(values, indent=indent).encode())
    assert [row.value for row in rows(path, json_array_rows, chunk_bytes=chunk)] == values


def test_gzip_and_a_byte_order_mark_change_nothing(tmp_path):
    lines = '{"a": "é"}\n{"a": 2}\n'
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    packed.write_bytes(gzip.compress(lines.encode()))
    assert rows(plain, json_line_rows) == rows(packed, json_line_rows)
    array = tmp_path / "b.json"
    array.write_bytes(b"\xef\xbb\xbf[1]")
    assert [row.value for row in rows(array, json_array_rows)] == [1]
