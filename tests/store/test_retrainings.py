import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from itlim.errors import NotFoundError
from itlim.store.connection import Store
from itlim.store.retrainings import (
    load_retraining,
    measured_seconds,
    require_retraining,
    retrainings_of_run,
    save_retraining,
)
from tests.example_retrainings import START, experiment


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def same(one, other):
    """Equal, tables included."""
    bare = [replace(made, arms=tuple(replace(arm, tokens=None) for arm in made.arms))
            for made in (one, other)]  # fmt: skip
    tables = zip(one.arms, other.arms, strict=True)
    return bare[0] == bare[1] and all(a.tokens.equals(b.tokens) for a, b in tables)


def test_a_saved_experiment_is_loaded_with_all_tokens(store):
    made = experiment()
    save_retraining(store, made)
    assert same(require_retraining(store, made.experiment_id), made)


def test_saving_twice_keeps_the_first(store):
    made = experiment()
    save_retraining(store, made)
    save_retraining(store, replace(made, author="somebody else"))
    assert require_retraining(store, made.experiment_id).author == made.author
    assert len(require_retraining(store, made.experiment_id).arms) == 4


def test_experiments_of_a_run_are_listed_newest_first(store):
    old, new = experiment("old"), experiment("new", span_start=START + 1)
    new = replace(new, created_at=old.created_at + timedelta(seconds=1))
    for one in (old, new, experiment("other", run_id="another")):
        save_retraining(store, one)
    run_id = old.question.run_id
    assert [one.experiment_id for one in retrainings_of_run(store, run_id)] == ["new", "old"]
    assert retrainings_of_run(store, "nobody's") == []


def test_an_unknown_experiment_is_none_or_an_error_with_a_remedy(store):
    assert load_retraining(store, "nope") is None
    with pytest.raises(NotFoundError, match="Retrain again"):
        require_retraining(store, "nope")


def test_seconds_are_the_mean_over_the_models_of_a_recipe(store):
    save_retraining(store, experiment())
    assert measured_seconds(store, "r" * 64) == 1.5
    assert measured_seconds(store, "another") is None


def test_a_partly_written_experiment_is_not_stored(store):
    made = experiment()
    broken = replace(made, arms=(*made.arms[:2], replace(made.arms[2], tokens="no table")))
    with pytest.raises(AttributeError):
        save_retraining(store, broken)
    assert load_retraining(store, made.experiment_id) is None
    save_retraining(store, made)
    assert same(require_retraining(store, made.experiment_id), made)


SAVE_AND_DIE = """
import os, pathlib, signal, sys
from itlim.store.connection import Store
from itlim.store.retrainings import save_retraining
from tests.example_retrainings import experiment
save_retraining(Store(pathlib.Path(sys.argv[1])), experiment())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_right_after_saving_loses_nothing(tmp_path):
    path = tmp_path / "killed.duckdb"
    ended = subprocess.run([sys.executable, "-c", SAVE_AND_DIE, str(path)], check=False)
    assert ended.returncode == -9
    with Store(path) as opened:
        assert same(require_retraining(opened, experiment().experiment_id), experiment())
