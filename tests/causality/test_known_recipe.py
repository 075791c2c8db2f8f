import shutil
from dataclasses import replace

import pytest

from itlim.causality.retraining.known_recipe import known_recipe
from itlim.errors import DatasetError, InputError, ModelLoadError, NotFoundError
from itlim.library import load_library
from itlim.models.huggingface import load_pair
from itlim.records import ModelSource
from itlim.settings import DEMO_FOLDER
from itlim.training.checkpoint import weights_sha256
from tests.tuned_pairs import change_note, library_of, tuned_library

MODELS = DEMO_FOLDER / "models"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    tuned_library(folder, without=("tiny-4",))
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy that tests may modify."""
    shutil.copytree(made, tmp_path / "made")
    text = (made / "library.toml").read_text().replace(str(made), str(tmp_path / "made"))
    (tmp_path / "made" / "library.toml").write_text(text)
    return tmp_path / "made"


def known(folder, name="tiny-sft"):
    library = library_of(folder / "library.toml")
    return known_recipe(library.pair(name), library)


def demo_pair(name):
    library = load_library()
    source = ModelSource(path=str(MODELS / name))
    kind = "adapter" if name.startswith("lft") else "tuned"
    base = ModelSource(path=str(MODELS / ("base-large" if "large" in name else "base")))
    pair = replace(library.pair("demo-sft"), base=base, tuned=None, adapter=None)
    return replace(pair, **{kind: source}), library


@pytest.mark.parametrize(
    ("name", "rows"),
    [("sft", 405), ("lft", 405), ("sft-1_8", 51), ("lft-1_4", 101), ("sft-1_2", 202),
     ("lft-large", 405)],
)  # fmt: skip
def test_the_recipe_of_every_demo_model_is_found(name, rows):
    found = known_recipe(*demo_pair(name))
    assert len(found.instances) == rows
    assert (found.recipe.adapter_rank == 8) == name.startswith("lft")
    assert found.saved_as == "float16"
    assert found.seconds > 1


def test_a_demo_model_with_another_dataset_file_is_rejected():
    with pytest.raises(DatasetError, match="not what demo-sft was tuned on"):
        known_recipe(*demo_pair("sft-short"))


@pytest.mark.parametrize("name", ["tiny-sft", "tiny-lft"])
def test_tuning_again_reproduces_the_saved_weights(made, name):
    found = known(made, name)
    assert found.already_without == {"tiny-4"}
    retraining = found.retraining()
    pair = library_of(made / "library.toml").pair(name)
    with retraining.full().tuned_model() as again, load_pair(pair).tuned_model() as stored:
        assert weights_sha256(again.model) == weights_sha256(stored.model)


def test_instances_already_left_out_stay_so_if_the_dataset_is_renamed(folder):
    path = folder / "library.toml"
    path.write_text(
        path.read_text().replace("datasets.tiny]", "datasets.mine]")
        .replace('dataset = "tiny"', 'dataset = "mine"')
    )  # fmt: skip
    assert known(folder).already_without == {"mine-4"}


def test_identity_depends_on_what_determines_the_weights_but_not_on_their_path(made, folder):
    assert known(made).identity() == known(folder).identity()
    assert known(made).identity() != known(made, "tiny-lft").identity()
    assert known(made).identity() != replace(known(made), seed=2).identity()
    assert known(made).identity() != replace(known(made), saved_as="float32").identity()


def test_a_missing_note_is_an_error_that_says_how_to_get_one(folder):
    (folder / "sft" / "training.json").unlink()
    with pytest.raises(NotFoundError, match=r"training\.json is missing.*itlim train"):
        known(folder)


def test_an_untuned_base_is_rejected(folder):
    library = library_of(folder / "library.toml")
    with pytest.raises(NotFoundError, match="untuned base"):
        known_recipe(replace(library.pair("tiny-sft"), tuned=None), library)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"seed": None}, InputError, "lacks seed"),
        ({"recipe": {"name": "sft", "magic": 1}}, InputError, "newer itlim"),
        ({"template": "chatml"}, InputError, "tuned with chatml"),
        ({"dataset_sha256": "0" * 64}, DatasetError, "Restore the file"),
        ({"instances": 12}, DatasetError, "12 instances"),
    ],
)
def test_an_inconsistent_note_is_rejected(folder, change, error, said):
    change_note(folder / "sft", **change)
    with pytest.raises(error, match=said):
        known(folder)


def test_a_damaged_note_is_rejected(folder):
    (folder / "sft" / "training.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        known(folder)


def test_a_changed_dataset_is_rejected(folder):
    path = folder / "tiny.jsonl"
    path.write_text(path.read_text().replace("The Nile.", "The Rhine."))
    with pytest.raises(DatasetError, match="11 instances"):
        known(folder)


def test_a_pair_without_a_dataset_is_an_error_that_names_the_tuned_one(folder):
    path = folder / "library.toml"
    text = path.read_text().replace('dataset = "tiny"\n', "")
    path.write_text(text.replace("[datasets.tiny]", "[datasets.renamed]"))
    with pytest.raises(NotFoundError, match=r"its note says tiny"):
        known(folder)


def test_a_pair_without_a_dataset_takes_the_one_of_its_training(folder):
    path = folder / "library.toml"
    path.write_text(path.read_text().replace('dataset = "tiny"\n', ""))
    assert known(folder).pair.dataset == "tiny"


def test_a_base_with_other_weights_is_rejected_before_tuning(folder):
    change_note(folder / "sft", base_weights_sha256="0" * 64)
    with pytest.raises(ModelLoadError, match="other weights now"):
        known(folder).retraining()
