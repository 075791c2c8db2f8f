"""Names and sizes of uploaded files, and paths that are typed on pages."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.errors import InputError
from itlim.ui.shared import uploads
from itlim.ui.shared.allowed_paths import allowed_model, allowed_path
from itlim.ui.shared.uploads import safe_name, split_name, write_upload


@given(
    st.text(st.characters(codec=None), max_size=400) | st.text("/\\.\0~ ab\u202e😀", max_size=80)
)
def test_any_name_becomes_one_that_fits_a_file_system_and_stays_in_its_folder(name):
    safe = safe_name(name)
    stem, suffix = split_name(safe)
    assert 1 <= len(f"{stem}-{'0' * 12}{suffix}".encode()) + len(".part") + 1 <= 255
    assert not {"/", "\\", "\0"} & set(safe)
    assert safe not in (".", "..")
    assert not safe.startswith(".")
    assert (Path("/folder") / safe).parent == Path("/folder")


@pytest.mark.parametrize(
    "name", ["../../x.csv", "a\0b.csv", "😀" * 300 + ".csv", "\ud800.csv", ".."]
)
def test_a_hostile_name_is_written_into_its_folder(tmp_path, name):
    folder = tmp_path / "inner"
    folder.mkdir()
    path = write_upload(SimpleNamespace(name=name, getvalue=lambda: b"x"), folder)
    assert path.parent == folder
    assert [one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()] == [b"x"]


def test_the_suffix_of_a_name_is_kept():
    assert safe_name("v1.2 rows.jsonl.gz") == "v1.2 rows.jsonl.gz"


def test_a_file_beyond_the_limit_is_rejected_whatever_the_browser_checked(monkeypatch):
    said = []
    monkeypatch.setattr(uploads, "show_error", said.append)
    big = SimpleNamespace(name="big.csv", size=2 * 1024**2 + 1)
    fits = SimpleNamespace(name="fits.csv", size=2 * 1024**2)
    monkeypatch.setattr(uploads.st, "file_uploader", lambda *_, **__: [big, fits])
    assert uploads.upload_fields("Files", ["csv"], key="k", megabytes=2) == [fits]
    assert said == [
        "big.csv has 2.0 MB: this field takes at most 2 MB. Split the file, or add it on the "
        "command line."
    ]


@pytest.fixture
def folders(tmp_path):
    """An allowed folder beside a secret file, with links that leave it."""
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (tmp_path / "secret.csv").write_text("x")
    (allowed / "rows.csv").write_text("x")
    (allowed / "link.csv").symlink_to(tmp_path / "secret.csv")
    (allowed / "up").symlink_to(tmp_path)
    (allowed / "loop").symlink_to(allowed / "loop")
    return [allowed]


@pytest.mark.parametrize(
    "typed",
    [
        "../secret.csv",
        "allowed/../../secret.csv",
        "link.csv",
        "up/secret.csv",
        "loop",
        "loop/x.csv",
        "/etc/passwd",
        "~/secret.csv",
        "~nobody-of-this-name/x.csv",
        "rows.csv\0.png",
        "x" * 5000,
        "/" + "x/" * 3000,
        "/proc/self/environ",
        "\ud800",
        "rows.csv/../../secret.csv",
    ],
)
def test_a_path_that_leaves_the_folders_or_is_none_is_refused(folders, typed):
    with pytest.raises(InputError):
        allowed_path(typed, folders)


def test_a_path_inside_is_found_relative_absolute_and_with_dots(folders):
    rows = folders[0] / "rows.csv"
    for typed in ("rows.csv", str(rows), "./up/allowed/rows.csv", f"{rows.parent}/./rows.csv"):
        assert allowed_path(typed, folders) == rows.resolve()


def test_a_folder_whose_name_begins_like_an_allowed_one_is_outside(folders):
    sibling = Path(f"{folders[0]}-not")
    sibling.mkdir()
    (sibling / "x.csv").write_text("x")
    with pytest.raises(InputError, match="outside the folders"):
        allowed_path(os.fspath(sibling / "x.csv"), folders)


def test_a_typed_model_is_a_path_inside_or_a_hub_id(folders, monkeypatch):
    monkeypatch.setenv("ITLIM_DATA_FOLDERS", str(folders[0]))
    (folders[0] / "model").mkdir()
    assert allowed_model("model") == str(folders[0] / "model")
    assert allowed_model(" meta-llama/Llama-2-7b-hf ") == "meta-llama/Llama-2-7b-hf"
    assert allowed_model("gpt2") == "gpt2"
    for typed in ("", "up", "../secret.csv", "/etc", "{user}/x", "./gpt2", "~/x", "a/b/c"):
        with pytest.raises(InputError):
            allowed_model(typed)


def test_a_folder_where_the_app_was_started_is_not_taken_for_a_hub_id(
    folders, tmp_path, monkeypatch
):
    monkeypatch.setenv("ITLIM_DATA_FOLDERS", str(folders[0]))
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="outside the folders"):
        allowed_model("owner/name")
