import pytest

from itlim.errors import LibraryError, NotFoundError
from itlim.library import add_pair, load_library, remove_pair
from itlim.records import ModelSource, Pair
from itlim.schema import TuningKind


@pytest.fixture
def user_file(tmp_path):
    return tmp_path / "folder" / "library.toml"


def write(user_file, text):
    user_file.parent.mkdir(exist_ok=True)
    user_file.write_text(text, encoding="utf-8")
    return load_library(user_file)


def test_the_demo_pairs_ship(user_file):
    library = load_library(user_file)
    assert library.pair("demo-sft").kind is TuningKind.FULL
    assert library.pair("demo-lft").kind is TuningKind.ADAPTER
    assert library.datasets["demo"].path.name == "it_dataset.jsonl"


def test_relative_folders_are_relative_to_the_file_and_hub_ids_stay(user_file):
    (user_file.parent / "models" / "mine").mkdir(parents=True)
    library = write(
        user_file, '[pairs.p]\nbase = "models/mine"\ntuned = "org/name"\ndtype = "bfloat16"\n'
    )
    pair = library.pair("p")
    assert pair.base.path == str(user_file.parent / "models" / "mine")
    assert pair.tuned.path == "org/name"
    assert pair.tuned.dtype == pair.base.dtype == "bfloat16"


def test_a_template_of_ones_own_reaches_its_pairs(user_file):
    library = write(
        user_file,
        '[templates.qa]\nwithout_input = "Q: {instruction} A:"\n'
        '[pairs.p]\nbase = "a"\ntuned = "b"\ntemplate = "qa"\n',
    )
    assert library.pair("p").template.render("why?") == "Q: why? A:"
    assert library.pair("p").template.render("why?", "x") == "Q: why?\nx A:"
    assert library.pair("p").template_name == "qa"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[pairs.p\n", "not a TOML file"),
        ("[pear.p]\nbase='a'\n", "unknown section 'pear'"),
        ("[pairs.p]\ntuned='a'\n", "lacks a base model"),
        ("[pairs.p]\nbase='a'\nlora='b'\n", "unknown key 'lora'"),
        ("[pairs.p]\nbase='a'\ntemplate='x'\n", "unknown template 'x'"),
        ("[pairs.p]\nbase='a'\ntuned='b'\nadapter='c'\n", "give one of them"),
        ("[pairs.p]\nbase='a'\ndtype='int3'\n", "Unknown dtype 'int3'"),
        ("[pairs]\np = 3\n", "is not a table"),
        ("[datasets.d]\nnote='x'\n", "lacks a path"),
        ("[templates.t]\nwithout_input='x'\n", "lacks {instruction}"),
    ],
)
def test_a_wrong_entry_is_named_with_its_file(user_file, text, message):
    with pytest.raises(LibraryError) as caught:
        write(user_file, text)
    assert message in str(caught.value)
    assert str(user_file) in str(caught.value)


def test_added_pairs_come_back_and_other_entries_stay(user_file):
    write(user_file, '[datasets.d]\npath = "d.jsonl"\n')
    pair = Pair(
        name="mine",
        base=ModelSource(path="org/base", revision="v1", dtype="float16", device="cpu"),
        adapter=ModelSource(path="org/lora", revision="v2", dtype="float16", device="cpu"),
        template="dolly",
        dataset="d",
        note="trial",
    )
    add_pair(pair, user_file)
    library = load_library(user_file)
    assert library.pair("mine") == pair
    assert "d" in library.datasets
    remove_pair("mine", user_file)
    assert "mine" not in load_library(user_file).pairs
    assert "d" in load_library(user_file).datasets


def test_shipped_and_unknown_pairs_cannot_be_removed(user_file):
    with pytest.raises(NotFoundError, match="shipped pairs stay"):
        remove_pair("demo-sft", user_file)


def test_an_unknown_pair_lists_the_known_ones(user_file):
    with pytest.raises(NotFoundError, match="demo-lft, demo-sft"):
        load_library(user_file).pair("llama")
