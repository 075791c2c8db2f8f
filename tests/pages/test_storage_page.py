"""Data & models → Disk & memory: what is in use, unloading, deleting; and removals that name what
depends on them."""

from dataclasses import replace

import pytest
from app_pages import button, open_app, texts, unescaped
from example_runs import example_run
from tiny_models import save_model

from itlim.library import add_pair, load_library
from itlim.records import ModelSource, Pair
from itlim.store.runs import count_runs, save_run
from itlim.ui.shared import services


@pytest.fixture
def mine(tmp_path):
    """A pair of two tiny models in the user's library."""
    base = save_model(tmp_path / "base", "qwen2")
    tuned = save_model(tmp_path / "tuned", "qwen2", shift=0.05)
    pair = Pair(name="mi*ne*", base=ModelSource(path=str(base)), tuned=ModelSource(path=str(tuned)))
    add_pair(pair)
    return load_library().pair("mi*ne*")


def select(app, key, row):
    app.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return app.run()


def test_memory_and_disk_are_shown_with_their_units():
    app = open_app("data_models", part="Disk & memory")
    assert not app.exception
    assert "The app uses **" in texts(app.markdown)
    assert "No model is loaded." in texts(app.caption)
    table = app.dataframe[0].value
    assert "database of runs and annotations" in set(table["part"])


def test_a_loaded_pair_is_shown_with_its_size_and_can_be_unloaded(mine):
    loaded = services.pair_cache().get(mine, progress=lambda *_: None)
    weights = sum(
        parameter.nbytes
        for role in (loaded.base_model, loaded.tuned_model)
        for parameter in weights_of(role)
    )
    assert loaded.memory_bytes == pytest.approx(weights, rel=0.05)
    app = open_app("data_models", part="Disk & memory")
    assert "mi*ne* · " in unescaped(app.markdown)
    button(app, "Unload").click().run()
    assert services.pair_cache().loaded == 0


def weights_of(role):
    with role() as model:
        return list(model.model.parameters())


def test_removing_a_pair_names_its_runs_before_anything_is_deleted(mine):
    store = services.store()
    save_run(store, example_run_of(mine.name))
    before = count_runs(store)
    app = open_app("data_models", part="Model pairs")
    app = select(app, "pairs_table", list(load_library().pairs).index(mine.name))
    button(app, "Remove mi").click().run()
    assert "mi*ne* is removed from the library" in unescaped(app.markdown)
    assert "1 stored run of this pair" in texts(app.markdown)
    assert app.checkbox[-1].label == "Also delete 1 run with all tokens"
    assert mine.name in load_library().pairs
    assert count_runs(store) == before


def example_run_of(pair):
    return replace(example_run("e" * 16), pair=pair)
