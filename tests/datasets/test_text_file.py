import gzip

import pytest

from itlim.datasets import read_dataset
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError

ROW = '{"instruction": "Où?", "output": "Là."}'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ROW.encode("utf-16"), "is UTF-16 text, expected UTF-8.*iconv -f UTF-16"),
        (ROW.encode("utf-32"), "is UTF-32 text"),
        (ROW.encode("utf-16-le"), "is a binary file, expected JSON"),
        (b'{"a": 1}\n' + ROW.encode("latin-1"), r"line 2: byte 0xf9 is not UTF-8"),
        (b"[1,\n" + ROW.encode("latin-1") + b"]", r"line 2: byte 0xf9 is not UTF-8"),
        (b'["\xc3', "not UTF-8"),
        (gzip.compress(ROW.encode() * 50, mtime=0)[:-12], "cut off or damaged"),
        (b"\x1f\x8bnonsense", "cut off or damaged"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a binary file"),
    ],
)
def test_a_file_that_is_not_utf8_text_is_rejected_with_the_reason(tmp_path, content, message):
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message) as caught:
        read_dataset(path, "toy")
    assert str(path) in str(caught.value)


def test_the_line_of_an_invalid_byte_is_correct_after_the_first_chunk(tmp_path):
    path = tmp_path / "rows.json"
    path.write_bytes("[é,\n\n1,\n2,\n".encode() + b"\xff]")
    with (
        TextFile(path, chunk_bytes=8) as file,
        pytest.raises(DatasetError, match="line 5: byte 0xff"),
    ):
        list(file.chunks())


def test_characters_that_cross_a_chunk_boundary_are_kept(tmp_path):
    path = tmp_path / "rows.txt"
    text = "aé東京🚀\n"
    path.write_text(text, encoding="utf-8")
    with TextFile(path, chunk_bytes=3) as file:
        assert "".join(file.chunks()) == text


def test_the_fraction_increases_to_one(tmp_path):
    path = tmp_path / "rows.txt"
    path.write_bytes(b"x" * 9 + b"\n" + b"y" * 30)
    with TextFile(path) as file:
        seen = [file.fraction()]
        for _ in file.lines():
            seen.append(file.fraction())
    assert seen == [0.0, 0.25, 1.0]


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"Cannot read the dataset .*Is a directory"):
        TextFile(tmp_path)
