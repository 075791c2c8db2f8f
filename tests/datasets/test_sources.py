import gzip
import json
import shutil
from pathlib import Path

import pytest

from itlim.datasets import open_dataset, read_dataset
from itlim.datasets.sources import file_kind, find_files, find_source
from itlim.errors import DatasetError
from itlim.library import DatasetEntry
from itlim.records import DatasetFormat, FileKind, HubSource

# Written by save_to_disk of datasets 5.2.0, which is not a dependency of itlim.
SAVED = Path(__file__).parent / "saved_by_datasets"


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def row(n):
    return json.dumps({"instruction": f"Q{n}", "output": f"A{n}"})


def test_a_saved_dataset_is_read_shard_by_shard():
    read = read_dataset(SAVED / "conversations", "saved")
    assert read.format is DatasetFormat.MESSAGES
    assert read.table["instruction"].to_pylist() == [f"Q{n}" for n in range(7)]
    assert read.table["source_line"].to_pylist() == list(range(1, 8))
    assert json.loads(read.table["extra"][6].as_py()) == {"dataset": "flan", "id": "f6"}


def test_of_several_saved_splits_the_training_split_is_used(tmp_path):
    assert read_dataset(SAVED / "splits", "saved").table["response"].to_pylist() == [
        "R0",
        "R1",
        "R2",
    ]
    test = read_dataset(SAVED / "splits" / "test", "saved").table
    assert test["response"].to_pylist() == ["R2", "R0"]
    copy = shutil.copytree(SAVED / "splits", tmp_path / "splits")
    (copy / "dataset_dict.json").write_text('{"splits": ["test", "dev"]}')
    with pytest.raises(DatasetError, match="contains the splits test, dev: give the folder of one"):
        read_dataset(copy, "saved")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("{", "Cannot read .*state.json"),
        ("[]", "is not a JSON object"),
        ('{"_data_files": []}', "lacks its data files"),
        ('{"_data_files": [{"filename": "data-9.arrow"}]}', "lacks data-9.arrow: copy it again"),
        ('{"_data_files": [{"filename": "../secret.arrow"}]}', "names files outside itself"),
        ('{"_data_files": [], "_indices_data_files": [{"filename": "i"}]}', "flatten_indices"),
    ],
)
def test_a_damaged_saved_folder_is_rejected(tmp_path, state, message):
    (tmp_path / "state.json").write_text(state)
    with pytest.raises(DatasetError, match=message):
        read_dataset(tmp_path, "saved")


def test_a_copy_of_a_hub_repository_is_read_shard_by_shard(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "data" / "test.jsonl").write_text(row(9))
    for shard in range(2):
        name = f"train-0000{shard}-of-00002.jsonl"
        lines = [row(2 * shard), "broken", row(2 * shard + 1)]
        (tmp_path / "data" / name).write_text("\n".join(lines))
    read = read_dataset(tmp_path, "copy")
    assert read.table["instruction"].to_pylist() == ["Q0", "Q1", "Q2", "Q3"]
    # Ids continue across shards; lines are those of one file, so the file is named.
    assert read.table["instance_id"].to_pylist() == ["copy-1", "copy-3", "copy-4", "copy-6"]
    assert read.table["source_line"].to_pylist() == [1, 3, 1, 3]
    assert json.loads(read.table["extra"][2].as_py()) == {
        "source_file": "train-00001-of-00002.jsonl"
    }
    assert [(bad.file, bad.line) for bad in read.bad_rows] == [
        ("train-00000-of-00002.jsonl", 2),
        ("train-00001-of-00002.jsonl", 2),
    ]


def test_other_splits_are_named_as_not_read(tmp_path):
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text(row(1))
    assert read_dataset(tmp_path, "copy").report.not_read == ("test.jsonl",)
    assert read_dataset(SAVED / "splits", "saved").report.not_read == ("test",)


def test_an_empty_first_shard_does_not_hide_the_others(tmp_path):
    (tmp_path / "train-00000-of-00002.jsonl").write_text("")
    (tmp_path / "train-00001-of-00002.jsonl").write_text(row(1))
    assert open_dataset(tmp_path, "copy").format is DatasetFormat.ALPACA


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.json", b" \n[1]", FileKind.JSON),
        ("a.json", b'{"a": 1}', FileKind.JSONL),
        ("a", b"\xef\xbb\xbf[", FileKind.JSON),
        ("a.jsonl", b"nonsense", FileKind.JSONL),
        ("a.jsonl", b"", FileKind.JSONL),
        ("a.csv", b"[x],y", FileKind.CSV),
        ("A.TSV", b"x\ty", FileKind.TSV),
        ("a.txt", b"x,y\nz", FileKind.CSV),
        ("a.bin", b"PAR1....", FileKind.PARQUET),
    ],
)
def test_a_files_kind_is_detected_from_content_and_suffix(tmp_path, name, content, kind):
    path = tmp_path / name
    path.write_bytes(content)
    assert file_kind(path) is kind


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"Once upon a time\n", "is not a dataset: it begins with 'Once upon a time'"),
        ("a.xlsx", b"PK\x03\x04....", "is a ZIP archive or an Excel file"),
        ("a.jsonl.zst", b"\x28\xb5\x2f\xfd..", "is packed with Zstandard"),
        ("a.jsonl", POINTER, "is a Git LFS pointer, not the data itself. Run `git lfs pull`"),
        ("a.parquet", POINTER, "is a Git LFS pointer"),
        ("a.json", b"\n<!DOCTYPE html><html>", "is a web page, not the data itself"),
        ("a.parquet.gz", gzip.compress(b"PAR1", mtime=0), "is a gzipped Parquet file: unpack it"),
        ("a.json", b"", "no usable row: it is empty"),
        ("a.json", b"[]", "no usable row: it is empty"),
        ("a.json", b'{\n "a": [\n', "expected one JSON object per line, or one JSON array"),
        (
            "a.json",
            b"[1, 2]",
            "no usable row among 2.*line 1, a value of type int, expected an object",
        ),
    ],
)
def test_a_file_without_rows_is_rejected_with_the_reason(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        read_dataset(path, "toy")


@pytest.mark.parametrize("source", ["", "  ", "nowhere.jsonl", "/no/such/folder", "a/b.json"])
def test_a_missing_path_is_rejected_without_contacting_the_hub(source):
    with pytest.raises(DatasetError, match=r"no such file|No dataset was given"):
        find_files(source, hub=None)


def test_a_folder_without_one_clear_dataset_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="contains no data file"):
        find_files(tmp_path)
    for n in range(4):
        (tmp_path / f"{n}.json").write_text("[]")
    with pytest.raises(DatasetError, match=r"several data files: 0\.json"):
        find_files(tmp_path)
    with pytest.raises(DatasetError, match="more than 3 files: give the data file"):
        find_files(tmp_path, max_files=3)


def test_a_hub_id_is_never_opened_as_a_path(tmp_path, monkeypatch):
    (tmp_path / "owner").mkdir()
    (tmp_path / "owner" / "name").write_text('{"instruction": "Secret", "output": "x"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for typed in ("owner/name", str(tmp_path / "owner" / "name"), "/etc/passwd", "~", "."):
        with pytest.raises(DatasetError) as caught:
            find_files(HubSource(typed))
        assert "Secret" not in str(caught.value)
        with pytest.raises(DatasetError):
            read_dataset(DatasetEntry(name="far", hub=typed).located(), "far")


@pytest.mark.parametrize("splits", ['[".."]', '["train", ".."]', '["../.."]', '["."]'])
def test_a_saved_folder_does_not_name_its_parent_as_a_split(tmp_path, splits):
    folder = tmp_path / "saved"
    folder.mkdir()
    (tmp_path / "secret.jsonl").write_text('{"instruction": "Secret", "output": "x"}')
    (folder / "dataset_dict.json").write_text(f'{{"splits": {splits}}}')
    with pytest.raises(DatasetError, match="names files outside itself"):
        find_files(folder)


def test_files_that_link_out_of_the_allowed_folders_are_not_opened(tmp_path):
    allowed, outside = tmp_path / "allowed", tmp_path / "outside"
    allowed.mkdir()
    outside.mkdir()
    rows = outside / "rows.jsonl"
    rows.write_text('{"instruction": "Secret", "output": "x"}')
    state, splits = outside / "state.json", outside / "dataset_dict.json"
    state.write_text('{"_data_files": [{"filename": "rows.jsonl"}]}')
    splits.write_text('{"splits": ["train"]}')
    for name, links in {
        "plain": {"rows.jsonl": rows},
        "saved": {"state.json": state},
        "split": {"dataset_dict.json": splits},
        "part": {"train": outside},
    }.items():
        (allowed / name).mkdir()
        for link, target in links.items():
            (allowed / name / link).symlink_to(target)
    (allowed / "part" / "dataset_dict.json").write_text('{"splits": ["train"]}')
    (allowed / "link.jsonl").symlink_to(rows)
    for name in ("plain", "saved", "split", "part", "link.jsonl"):
        with pytest.raises(DatasetError, match="is outside the folders"):
            find_source(allowed / name, within=[allowed])
    assert find_source(allowed / "plain", within=[allowed, outside]).files
    assert find_source(allowed / "plain").files
