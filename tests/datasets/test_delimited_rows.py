import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.datasets import read_dataset
from itlim.datasets.delimited_rows import delimited_rows
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError


@pytest.fixture
def written(tmp_path):
    def write(text, name="set.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


def test_a_rows_line_is_its_first_line_even_after_quoted_line_breaks(written):
    text = 'prompt,completion\n"Say\nit, ""twice""",A1\n\nQ2,"A\r\n2"\nQ3,A3\n'
    table = read_dataset(written(text), "toy").table
    assert table["source_line"].to_pylist() == [2, 5, 7]
    assert table["instruction"].to_pylist() == ['Say\nit, "twice"', "Q2", "Q3"]
    assert table["response"].to_pylist() == ["A1", "A\r\n2", "A3"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("set.tsv", "question\tanswer\nQ\tA, b\n"),
        ("set.csv", "question;answer\nQ;A, b\n"),
        ("set.csv", 'question,answer\r\nQ,"A, b"\r\n'),
        ("set.txt", "question\tanswer\nQ\tA, b\n"),
        ("set", 'question,answer\nQ,"A, b"'),
        ("set.csv", '\n\ufeffquestion,answer\nQ,"A, b"'.replace("\n\ufeff", "\ufeff")),
    ],
)
def test_the_delimiter_is_detected_from_suffix_and_header(written, name, text):
    (row,) = read_dataset(written(text, name), "toy").table.to_pylist()
    assert (row["instruction"], row["response"], row["source_line"]) == ("Q", "A, b", 2)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("only one", "1 field, but the header has 2"),
        ("a,b,c", "3 fields, but the header has 2"),
        ('"a"b,c', "invalid record"),
        ("a\rb,c", "a carriage return outside quotes"),
        ("Q,", "'answer' is empty"),
    ],
)
def test_a_bad_record_is_reported_with_its_line_and_the_next_is_read(written, record, reason):
    read = read_dataset(written(f"question,answer\nQ,A\n{record}\nQ2,A2\n"), "toy")
    assert [bad.line for bad in read.bad_rows] == [3]
    assert reason in read.bad_rows[0].reason
    assert read.table["instance_id"].to_pylist() == ["toy-1", "toy-3"]
    assert read.table["source_line"].to_pylist() == [2, 4]


def test_an_unclosed_quote_is_reported_with_its_line(written):
    read = read_dataset(written('question,answer\nQ,A\nQ2,"A2\nQ3,A3\n'), "toy")
    assert [(bad.line, bad.reason) for bad in read.bad_rows] == [
        (3, "a quote that starts here is not closed, so the next 1 line cannot be read")
    ]


def test_a_field_over_the_limit_is_reported_as_an_unclosed_quote(written):
    before = csv.field_size_limit(200)
    try:
        lines = "".join(f"question {n},answer {n}\n" for n in range(40))
        path = written(f'question,answer\nQ,"A\n{lines}')
        with TextFile(path, max_row_bytes=200) as file:
            bad, *good = delimited_rows(file)
    finally:
        csv.field_size_limit(before)
    assert (bad.line, bad.value) == (2, None)
    assert "a quote that starts here is not closed" in bad.fault
    # Reading continues after the limit, at the next line.
    assert 0 < len(good) < 40
    assert good[-1].value == {"question": "question 39", "answer": "answer 39"}


@pytest.mark.parametrize(
    ("text", "responses", "n_bad"),
    [
        # No line is a valid record if quotes enclose fields.
        ('Q\t"Baikal" is a lake.\nQ\t"Ben Nevis.\nQ\tThe Baltic.\n', None, 0),
        ('Q\t"Yes" or "no"?\r\nQ\tBoth.\r\n', ['"Yes" or "no"?', "Both."], 0),
        ('Q\t"open\nonly one field\nQ\tA\n', ['"open', "A"], 1),
        ('Q\t5" screen\nQ\tsay "hi"\n', ['5" screen', 'say "hi"'], 0),
        # Quotes enclose fields, with line breaks, tabs and doubled quotes.
        ('Q\t"one\ntwo"\nQ\t"say ""hi"""\n', ["one\ntwo", 'say "hi"'], 0),
        ('Q\t"one\ttwo\nthree\tfour"\nQ\tA\n', ["one\ttwo\nthree\tfour", "A"], 0),
        ('"Q"\t"A"\n', ["A"], 0),
    ],
)
def test_the_file_tells_whether_quotes_in_tsv_are_part_of_the_texts(
    written, text, responses, n_bad
):
    read = read_dataset(written("question\tanswer\n" + text, "set.tsv"), "toy")
    wanted = responses or ['"Baikal" is a lake.', '"Ben Nevis.', "The Baltic."]
    assert read.table["response"].to_pylist() == wanted
    assert read.n_bad_rows == n_bad


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question,answer,question\nQ,A,B\n", "column 'question' occurs twice"),
        ("question,answer\n", "no usable row: it is empty"),
        ("Q,A\nQ2,A2\n", "cannot be recognized: the columns of its first rows are 'Q', 'A'"),
    ],
)
def test_an_invalid_header_is_rejected(written, text, message):
    with pytest.raises(DatasetError, match=message):
        read_dataset(written(text), "toy")


def test_an_unnamed_column_is_named_after_its_position(written):
    (row,) = read_dataset(written(",question,answer\n0,Q,A\n"), "toy").table.to_pylist()
    assert row["extra"] == '{"column 1": "0"}'


def test_a_conversation_in_a_cell_is_parsed(written):
    cell = '[{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]'.replace('"', '""')
    text = f'id,conversations\n7,"{cell}"\n'
    (row,) = read_dataset(written(text), "toy").table.to_pylist()
    assert (row["instruction"], row["response"], row["extra"]) == ("Q", "A", '{"id": "7"}')


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)


@given(rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5), tab=st.booleans())
def test_what_the_csv_module_writes_is_read_back_with_its_lines(tmp_path_factory, rows, tab):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t" if tab else ",", quoting=csv.QUOTE_ALL)
    writer.writerow(["question", "answer"])
    lines = []
    for row in rows:
        lines.append(text.getvalue().count("\n") + 1)
        writer.writerow(row)
    path = tmp_path_factory.mktemp("csv") / ("set.tsv" if tab else "set.csv")
    path.write_bytes(text.getvalue().encode())
    table = read_dataset(path, "toy").table
    assert (
        list(zip(table["instruction"].to_pylist(), table["response"].to_pylist(), strict=True))
        == rows
    )
    assert table["source_line"].to_pylist() == lines
