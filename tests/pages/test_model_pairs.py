"""The page Data & models checks the models of a pair before it is added, and says what it found."""

import json
import os

import pytest
from app_pages import button, open_app, texts, unescaped
from gguf_files import save_gguf
from tiny_models import Shape, save_model

from itlim.library import add_pair, load_library
from itlim.records import ModelSource, Pair


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("models") / "base", "qwen2")


@pytest.fixture(autouse=True)
def allowed(base, home, monkeypatch):
    """The folders from which the page may open models."""
    folders = [str(home), str(base.parent)]
    monkeypatch.setenv("ITLIM_DATA_FOLDERS", os.pathsep.join(folders))
    return folders


def enter(base, tuned, *, template=None):
    """The page after a pair named "mine" was entered and submitted."""
    app = open_app("data_models", part="Model pairs")
    app.text_input[0].set_value("mine")
    app.text_input[1].set_value(str(base))
    app.text_input[2].set_value(str(tuned))
    if template is not None:
        next(one for one in app.selectbox if one.label == "Prompt template").set_value(template)
    return button(app, "Add the pair").click().run()


def test_a_pair_of_two_widths_is_rejected_with_one_message(base, tmp_path):
    wide = save_model(tmp_path / "wide", "qwen2", shape=Shape(hidden=64))
    app = enter(base, wide)
    assert len(app.error) == 1
    assert "the width is 32 in the base and 64 in the tuned one" in app.error[0].value
    assert "Choose the base that the model was tuned from." in app.error[0].value
    assert "mine" not in load_library().pairs
    assert not app.exception


@pytest.fixture
def trained(tmp_path):
    """A model whose training.json states its template and dataset."""
    folder = save_model(tmp_path / "tuned", "qwen2", shift=0.05)
    note = {"recipe": {}, "template": "alpaca-short", "dataset": ["demo"]}
    (folder / "training.json").write_text(json.dumps(note))
    return folder


def test_template_and_dataset_are_those_of_the_training_unless_others_are_chosen(base, trained):
    app = enter(base, trained)
    pair = load_library().pair("mine")
    assert (pair.template_name, pair.dataset) == ("alpaca-short", "demo")
    assert "was tuned with" not in texts(app.warning)


def test_a_template_other_than_that_of_the_training_is_announced(base, trained):
    app = enter(base, trained, template="plain")
    assert not app.error
    assert load_library().pair("mine").template_name == "plain"
    assert "the model was tuned with alpaca-short" in texts(app.warning)
    app.run()
    assert "the model was tuned with alpaca-short" in texts(app.warning)


def test_the_quantization_of_gguf_models_is_listed(base, tmp_path):
    file = save_gguf(tmp_path / "base.gguf", base, "Q8_0")
    sources = {"base": ModelSource(path=str(file)), "tuned": ModelSource(path=str(base))}
    add_pair(Pair(name="mine", template="plain", **sources))
    listed = (
        open_app("data_models", part="Model pairs").dataframe[0].value.set_index("pair").loc["mine"]
    )
    assert listed["base"] == f"{file} (GGUF Q8_0)"
    assert listed["tuned"] == str(base)


def test_a_model_outside_the_configured_folders_is_not_opened(base, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for typed in (elsewhere, "/etc", "~", f"{base}/../../elsewhere0", "{user}/../../etc"):
        app = enter(base, typed)
        assert "outside the folders that this app may read" in texts(app.error)
        assert "ITLIM_DATA_FOLDERS" in unescaped(app.error)
    assert "mine" not in load_library().pairs


def test_a_model_with_a_file_that_links_to_another_folder_is_not_opened(
    base, tmp_path, tmp_path_factory
):
    tuned = save_model(tmp_path / "linked", "qwen2", shift=0.05)
    secret = tmp_path_factory.mktemp("secrets") / "generation_config.json"
    secret.write_text("{}")
    (tuned / "generation_config.json").unlink(missing_ok=True)
    (tuned / "generation_config.json").symlink_to(secret)
    app = enter(base, tuned)
    assert "is a link to" in texts(app.error)
    assert "mine" not in load_library().pairs
