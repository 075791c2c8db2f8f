"""Pairs with a model behind a server in library files."""

import pytest

from itlim.errors import InputError, LibraryError, NotFoundError
from itlim.library import add_remote_pair, load_library, remove_pair
from itlim.records import ModelSource, RemotePair, ServerModel

SERVED = """
[pairs.served]
tuned = "models/sft"
template = "plain"
note = "my server"
[pairs.served.base]
url = "http://127.0.0.1:8000/v1"
model = "llama"
tokenizer = "tok"
"""


def library(tmp_path, text):
    path = tmp_path / "library.toml"
    path.write_text(text, encoding="utf-8")
    return load_library(path)


def test_a_base_behind_a_server_and_a_local_tuned_model_are_read(tmp_path):
    (tmp_path / "tok").mkdir()
    (tmp_path / "models/sft").mkdir(parents=True)
    found = library(tmp_path, SERVED).remote_pairs["served"]
    assert found == RemotePair(
        name="served",
        base=ServerModel(
            url="http://127.0.0.1:8000/v1", model="llama", tokenizer=str(tmp_path / "tok")
        ),
        tuned=ModelSource(path=str(tmp_path / "models/sft")),
        template="plain",
        note="my server",
    )


def test_a_pair_behind_servers_is_not_among_those_that_can_be_loaded(tmp_path):
    found = library(tmp_path, SERVED)
    assert "served" not in found.pairs
    with pytest.raises(NotFoundError, match="behind a server"):
        found.pair("served")


def test_an_added_pair_is_read_as_it_was_and_can_be_removed(tmp_path):
    path = tmp_path / "library.toml"
    path.write_text('[pairs.mine]\nbase = "a"\ntuned = "b"\n')
    model = ServerModel(url="https://host/v1", model="m", tokenizer=str(tmp_path))
    pair = RemotePair(
        name="both",
        base=model,
        tuned=ServerModel(url="https://host/v1", model="n", tokenizer=str(tmp_path)),
        dataset="demo",
    )
    mixed = RemotePair(
        name="mixed", base=ModelSource(path="org/base", dtype="bfloat16"), tuned=model
    )
    for one in (pair, mixed):
        add_remote_pair(one, path)
    found = load_library(path)
    assert found.remote_pairs == {"both": pair, "mixed": mixed}
    assert "mine" in found.pairs
    assert "key" not in path.read_text()
    remove_pair("both", path)
    assert set(load_library(path).remote_pairs) == {"mixed"}


def test_an_entry_of_the_users_file_replaces_a_shipped_pair_of_either_kind(tmp_path):
    found = library(tmp_path, SERVED.replace("pairs.served", "pairs.demo-sft"))
    assert "demo-sft" in found.remote_pairs
    assert "demo-sft" not in found.pairs


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('url = "http://127.0.0.1:8000/v1"', 'url = "127.0.0.1"', "not an address"),
        ('url = "http://127', 'url = "http://me:secret@127', "user or password"),
        ('model = "llama"\n', "", "lacks its model"),
        ('tokenizer = "tok"\n', "", "lacks its tokenizer"),
        ('model = "llama"', 'model = "llama"\nkey = "sk-1"', "unknown key 'key'"),
        ('tuned = "models/sft"\n', "", "lacks a tuned model"),
        ('tuned = "models/sft"', 'adapter = "models/lft"', "--lora-modules"),
        ('template = "plain"', 'template = "nope"', "unknown template"),
        ('template = "plain"', "template = 3", "expected text"),
        ('note = "my server"', "parameters = 3", "unknown key"),
    ],
)
def test_faulty_entries_are_named(tmp_path, old, new, message):
    assert old in SERVED
    with pytest.raises(LibraryError, match=message) as caught:
        library(tmp_path, SERVED.replace(old, new, 1))
    assert "pairs.served" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_model_without_an_address_is_rejected():
    with pytest.raises(InputError, match="lacks its url"):
        ServerModel(url=" ", model="m", tokenizer="t")
