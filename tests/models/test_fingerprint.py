import json
import os

import pytest

from itlim.errors import ModelLoadError
from itlim.models.fingerprint import fingerprint
from itlim.records import ModelSource


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"weights")
    return made


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "home" / "fingerprints.json"


def test_the_hash_depends_on_content_and_not_on_the_path(folder, cache, tmp_path):
    first = fingerprint(ModelSource(path=str(folder)), cache)
    copy = folder.rename(tmp_path / "elsewhere")
    assert fingerprint(ModelSource(path=str(copy)), cache) == first
    (copy / "model.safetensors").write_bytes(b"weights, other")
    assert fingerprint(ModelSource(path=str(copy)), cache) != first


def test_the_hash_depends_on_file_names(folder, cache):
    first = fingerprint(ModelSource(path=str(folder)), cache)
    (folder / "config.json").rename(folder / "adapter_config.json")
    assert fingerprint(ModelSource(path=str(folder)), cache) != first


def test_the_hash_ignores_notes_next_to_the_weights(folder, cache):
    first = fingerprint(ModelSource(path=str(folder)), cache)
    (folder / "training.json").write_text("{}")
    (folder / "README.md").write_text("hello")
    assert fingerprint(ModelSource(path=str(folder)), cache) == first


def test_an_unchanged_folder_is_not_read_again(folder, cache):
    first = fingerprint(ModelSource(path=str(folder)), cache)
    weights = folder / "model.safetensors"
    stat = weights.stat()
    # Reading would give another hash, but size and time are those of the first reading.
    weights.write_bytes(b"WEIGHTS")
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert fingerprint(ModelSource(path=str(folder)), cache) == first


def test_a_change_of_equal_size_with_a_new_mtime_changes_the_hash(folder, cache):
    first = fingerprint(ModelSource(path=str(folder)), cache)
    weights = folder / "model.safetensors"
    weights.write_bytes(b"WEIGHTS")
    os.utime(weights, ns=(1, 1))
    assert fingerprint(ModelSource(path=str(folder)), cache) != first


def test_a_broken_cache_is_replaced(folder, cache):
    first = fingerprint(ModelSource(path=str(folder)), cache)
    cache.write_text("{ nonsense")
    assert fingerprint(ModelSource(path=str(folder)), cache) == first
    assert json.loads(cache.read_text())


def test_an_empty_folder_and_an_invalid_name_report_what_was_expected(tmp_path, cache):
    with pytest.raises(ModelLoadError, match="contains no model files"):
        fingerprint(ModelSource(path=str(tmp_path)), cache)
    with pytest.raises(ModelLoadError, match="neither a folder"):
        fingerprint(ModelSource(path="/no/such/folder"), cache)


def test_an_unreachable_hub_is_reported(cache, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelLoadError, match="hub did not return it"):
        fingerprint(ModelSource(path="some-org/some-model"), cache)
