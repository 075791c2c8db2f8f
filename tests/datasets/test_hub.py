"""Datasets on the hub, with recorded listings, downloads and errors instead of a connection.

The tests check how itlim handles these responses, not that the real hub gives them.
"""

import json

import httpx2
import huggingface_hub
import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from itlim.datasets.hub import HubId, HuggingFaceHub, download, hub_id
from itlim.datasets.sources import find_files
from itlim.errors import DatasetError


class RecordedHub:
    """A hub that serves the files of one folder and records what is downloaded."""

    def __init__(self, folder, error=None):
        self.folder = folder
        self.error = error
        self.asked = []

    def names(self, repo):
        if self.error is not None:
            raise self.error
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return [path.relative_to(self.folder).as_posix() for path in paths]

    def local(self, repo, name):
        self.asked.append((repo, name))
        return self.folder / name


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    for split, n in (("train", 2), ("test", 1)):
        rows = [{"instruction": f"{split}{i}", "output": "A"} for i in range(n)]
        (tmp_path / "data" / f"{split}-00000-of-00001.json").write_text(json.dumps(rows))
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GAIR/lima", HubId(repo="GAIR/lima")),
        ("tatsu-lab/alpaca:train", HubId(repo="tatsu-lab/alpaca", part="train")),
        ("a/b.v2:data/x.json", HubId(repo="a/b.v2", part="data/x.json")),
        ("lima", None),
        ("a/b/c", None),
        ("../lima", None),
        ("/a/b", None),
        ("a/b:", None),
    ],
)
def test_a_hub_id_is_owner_and_name_with_an_optional_part(text, expected):
    assert hub_id(text) == expected


def test_only_the_requested_files_are_downloaded(folder):
    hub, said = RecordedHub(folder), []
    (train,) = find_files("owner/name", hub=hub, report=lambda part, text: said.append(text))
    assert train.path.name == "train-00000-of-00001.json"
    assert hub.asked == [("owner/name", "data/train-00000-of-00001.json")]
    assert said == ["Downloading data/train-00000-of-00001.json of owner/name"]
    (test,) = find_files("owner/name:test", hub=hub)
    assert test.path.name == "test-00000-of-00001.json"


def test_a_local_file_takes_precedence_over_the_hub(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "owner").mkdir()
    (folder / "owner" / "name").write_text("[]")
    hub = RecordedHub(folder)
    find_files("owner/name", hub=hub)
    assert hub.asked == []


def answered(kind, status):
    request = httpx2.Request("GET", "https://huggingface.co/api/datasets/owner/name")
    return kind("no", response=httpx2.Response(status, request=request))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (answered(RepositoryNotFoundError, 404), "The hub has no public dataset owner/name either"),
        (answered(GatedRepoError, 403), "is gated: accept the terms on its page"),
        (OfflineModeIsEnabled("offline"), "cannot be reached.*hf download --repo-type dataset"),
        (httpx2.ConnectError("no route"), "cannot be reached"),
        (httpx2.ReadTimeout("slow"), "cannot be reached"),
        (OSError(28, "No space left on device"), "cannot be downloaded: .*No space left"),
    ],
)
def test_errors_of_the_hub_say_what_to_do(folder, error, message):
    with pytest.raises(DatasetError, match=message) as caught:
        download(HubId(repo="owner/name"), RecordedHub(folder, error))
    assert "There is no local file or folder owner/name." in str(caught.value)


def test_without_a_connection_an_earlier_download_is_used(folder, monkeypatch):
    def unreachable(self, repo, timeout):
        raise OfflineModeIsEnabled("offline")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(folder))
    assert "data/train-00000-of-00001.json" in HuggingFaceHub().names("owner/name")


def test_with_neither_connection_nor_download_the_first_error_is_reported(monkeypatch):
    def unreachable(self, repo, timeout):
        raise OfflineModeIsEnabled("offline")

    def missing(*_, **__):
        raise LocalEntryNotFoundError("not cached")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", missing)
    with pytest.raises(DatasetError, match="cannot be reached"):
        download(HubId(repo="owner/name"), HuggingFaceHub())
