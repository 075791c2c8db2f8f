import pytest

from itlim.datasets import read_dataset
from itlim.errors import InputError, LibraryError, NotFoundError
from itlim.library import (
    DatasetEntry,
    add_dataset,
    add_pair,
    load_library,
    remove_dataset,
    remove_pair,
)
from itlim.records import DatasetFormat, ModelSource, Pair
from itlim.schema import TuningKind

# Section 2, C.1 and Table 13 of the paper.
PAPER_DATASETS = {
    "alpaca-52k": DatasetFormat.ALPACA,
    "medinstruct-52k": DatasetFormat.ALPACA,
    "lima-1k": DatasetFormat.LIMA,
    "dolly-15k": DatasetFormat.DOLLY,
    "tulu-v2-mix-326k": DatasetFormat.MESSAGES,
    "evol-instruct-70k": DatasetFormat.ALPACA,
    "filtered-dolly-3k": DatasetFormat.ALPACA,
    "chatgpt-9k": DatasetFormat.ALPACA,
}


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


def test_relative_paths_are_resolved_against_the_file_and_hub_ids_are_kept(user_file):
    (user_file.parent / "models" / "mine").mkdir(parents=True)
    library = write(
        user_file, '[pairs.p]\nbase = "models/mine"\ntuned = "org/name"\ndtype = "bfloat16"\n'
    )
    pair = library.pair("p")
    assert pair.base.path == str(user_file.parent / "models" / "mine")
    assert pair.tuned.path == "org/name"
    assert pair.tuned.dtype == pair.base.dtype == "bfloat16"


def test_pairs_can_use_a_user_defined_template(user_file):
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
        ("[datasets.d]\nnote='x'\n", "needs a path, a hub id"),
        ("[datasets.d]\npath=3\n", "path is a int: expected text"),
        ("[datasets.d]\npath='x'\nlicense='MIT'\n", "unknown key 'license': expected format"),
        ("[datasets.d]\npath='x'\nformat='csv'\n", "unknown format 'csv': expected alpaca"),
        ("[datasets.d]\npath='x'\nmapping={answer='a'}\n", "expected columns for instruction"),
        ("[datasets.d]\npath='x'\nmapping={response=3}\n", "expected columns for instruction"),
        ("[templates.t]\nwithout_input='x'\n", "lacks {instruction}"),
    ],
)
def test_an_invalid_entry_is_reported_with_its_file(user_file, text, message):
    with pytest.raises(LibraryError) as caught:
        write(user_file, text)
    assert message in str(caught.value)
    assert str(user_file) in str(caught.value)


def test_added_pairs_are_read_back_and_other_entries_are_kept(user_file):
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
    with pytest.raises(NotFoundError, match="shipped pairs cannot be removed"):
        remove_pair("demo-sft", user_file)


def test_an_unknown_pair_lists_the_known_ones(user_file):
    with pytest.raises(NotFoundError, match="demo-lft, demo-sft"):
        load_library(user_file).pair("llama")


@pytest.mark.parametrize(("name", "format"), PAPER_DATASETS.items())
def test_each_dataset_of_the_paper_has_an_entry(user_file, name, format):
    entry = load_library(user_file).dataset(name)
    assert entry.format is format
    assert entry.path is None
    assert entry.licence
    assert "section" in entry.used_for
    assert entry.url.startswith("https://")
    if entry.hub:
        assert entry.located() == entry.hub
    else:
        assert "unknown" in entry.note
        with pytest.raises(NotFoundError, match=f"Download it from {entry.url}"):
            entry.located()


def test_a_file_for_a_known_dataset_keeps_its_licence_but_not_its_format(user_file):
    # A copy may have other columns than the hub's.
    library = write(user_file, '[datasets.dolly-15k]\npath = "mine.jsonl"\n')
    entry = library.dataset("dolly-15k")
    assert entry.located() == user_file.parent / "mine.jsonl"
    assert (entry.licence, entry.format) == ("CC BY-SA 3.0", None)


def test_added_datasets_are_read_back_completely_and_can_be_removed(user_file, tmp_path):
    write(user_file, '[pairs.p]\nbase = "a"\ntuned = "b"\n')
    mine = DatasetEntry(
        name="mine",
        path=tmp_path / "mine.jsonl",
        hub="owner/name:train",
        url="https://example.org",
        format=DatasetFormat.PROMPT_RESPONSE,
        mapping={"instruction": "ask", "response": "reply"},
        licence="CC0",
        used_for="nothing yet",
        note="a trial",
    )
    add_dataset(mine, user_file)
    library = load_library(user_file)
    assert library.dataset("mine") == mine
    assert "p" in library.pairs
    remove_dataset("mine", user_file)
    assert "mine" not in load_library(user_file).datasets
    assert "p" in load_library(user_file).pairs


def test_the_address_of_a_dataset_must_be_a_web_address(user_file):
    with pytest.raises(LibraryError, match="expected an address such as https"):
        write(user_file, '[datasets.mine]\nurl = "javascript:alert(1)"\n')


def test_shipped_and_unknown_datasets_cannot_be_removed(user_file):
    with pytest.raises(
        NotFoundError, match="dataset named 'demo'; shipped datasets cannot be removed"
    ):
        remove_dataset("demo", user_file)
    with pytest.raises(NotFoundError, match=r"No dataset named 'x'.*alpaca-52k"):
        load_library(user_file).dataset("x")


def test_a_dataset_is_found_by_name_by_its_file_and_by_its_hub_id(user_file, tmp_path):
    library = load_library(user_file)
    demo = library.dataset("demo")
    assert library.dataset_at("demo") == library.dataset_at(str(demo.path)) == demo
    assert library.dataset_at("GAIR/lima") == library.dataset("lima-1k")


@pytest.mark.parametrize(
    ("made", "name"),
    [("mine.v2.jsonl", "mine.v2"), ("mine.jsonl.gz", "mine"), ("folder.d/", "folder.d")],
)
def test_a_dataset_outside_the_library_is_named_after_its_path(user_file, tmp_path, made, name):
    path = tmp_path / made
    path.mkdir() if made.endswith("/") else path.write_text("")
    entry = load_library(user_file).dataset_at(str(path))
    assert entry == DatasetEntry(name=name, path=path)


def test_an_empty_name_is_an_error_and_does_not_mean_the_current_folder(user_file):
    with pytest.raises(InputError, match="No dataset was named"):
        load_library(user_file).dataset_at(" ")


def test_a_dataset_with_an_unknown_hub_id_is_named_after_the_id(user_file):
    entry = load_library(user_file).dataset_at("owner/name:train")
    assert (entry.name, entry.located()) == ("name", "owner/name:train")


def test_instances_of_the_demo_keep_their_ids(user_file):
    entry = load_library(user_file).dataset("demo")
    read = read_dataset(entry.located(), entry.name, format=entry.format)
    assert read.n_bad_rows == 0
    numbers = range(1, read.table.num_rows + 1)
    assert read.table["instance_id"].to_pylist() == [f"demo-{number}" for number in numbers]
    assert read.table["source_line"].to_pylist() == list(numbers)
