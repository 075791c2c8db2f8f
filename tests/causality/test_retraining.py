import numpy as np
import pytest
import torch
from causality.studies import fast, retraining, save_base
from training.tiny import TEMPLATE, tiny_instances

from itlim.errors import InputError
from itlim.models.huggingface import load_pair
from itlim.records import ModelSource, Pair
from itlim.shift.measure import score
from itlim.training.checkpoint import weights_sha256
from itlim.training.train import train


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    torch.set_num_threads(1)
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return tiny_instances(tmp_path_factory.mktemp("tiny"))


def weights(loaded):
    with loaded.tuned_model() as model:
        return weights_sha256(model.model)


@pytest.mark.parametrize(
    ("name", "most_states", "kept"),
    [("sft", 16, 3), ("lft", 16, 3), ("neftune", 16, 3), ("sft", 2, 1), ("sft", 0, 0)],
)
def test_starting_from_a_kept_state_is_bitwise_equal_to_plain_training(
    pair, table, tmp_path, name, most_states, kept
):
    """Oracle: the code path of the `train` command, in one run, saved as float16 and loaded."""
    study = retraining(pair, table, fast(name), most_states=most_states)
    study.full()
    assert study.n_states == kept  # Four batches per epoch; the first needs no state.
    for number in (2, 9):
        without = frozenset({f"tiny-{number}"})
        out = tmp_path / str(number)
        train(
            fast(name),
            pair.base.path,
            table,
            TEMPLATE,
            out,
            without=without,
            seed=1,
            save_dtype="float16",
        )
        tuned = ModelSource(path=str(out))
        plain = Pair(
            name="plain",
            base=pair.base,
            template=TEMPLATE,
            **({"adapter": tuned} if name == "lft" else {"tuned": tuned}),
        )
        assert weights(study.without(without)) == weights(load_pair(plain))


def test_each_removal_changes_the_weights_but_not_the_kept_states(pair, table):
    study = retraining(pair, table)
    full = weights(study.full())
    singles = [frozenset({f"tiny-{number}"}) for number in range(1, 12)]
    first = [weights(study.without(one)) for one in singles]
    assert len({full, *first}) == 12
    assert first == [weights(study.without(one)) for one in singles]
    assert weights(study.without(frozenset())) == full


def test_a_group_starts_from_the_earliest_batch_of_its_instances(pair, table):
    quick, slow = retraining(pair, table), retraining(pair, table, most_states=0)
    quick.full()
    everything = frozenset(table["instance_id"].to_pylist())
    for group in (frozenset({"tiny-1", "tiny-2", "tiny-8"}), everything):
        assert weights(quick.without(group)) == weights(slow.without(group))


def test_weights_are_rounded_as_in_a_saved_model(pair, table):
    with retraining(pair, table).full().tuned_model() as rounded:
        for weight in rounded.model.parameters():
            assert weight.dtype == torch.float32
            assert torch.equal(weight, weight.half().float())
    exact = weights(retraining(pair, table, saved_as="float32").full())
    assert exact != weights(retraining(pair, table).full())


def test_identity_depends_on_everything_that_determines_a_retraining(pair, table):
    mine = retraining(pair, table).identity()
    assert mine == retraining(pair, table, most_states=0).identity()
    others = [
        retraining(pair, table, seed=2),
        retraining(pair, table, saved_as="float32"),
        retraining(pair, table, fast(learning_rate=2e-2)),
        retraining(pair, table.slice(0, 10)),
    ]
    assert len({mine, *(one.identity() for one in others)}) == 5


def test_an_unknown_instance_is_rejected_with_an_example_id(pair, table):
    with pytest.raises(InputError, match=r"tiny-99.*11.*tiny-1"):
        retraining(pair, table).without(frozenset({"tiny-99"}))


@pytest.mark.parametrize("name", ["sft", "lft"])
def test_paired_with_the_base_both_models_score_as_if_loaded_from_disk(pair, table, tmp_path, name):
    study = retraining(pair, table, fast(name))
    both = study.against_base(study.without(frozenset({"tiny-2"})))
    train(
        fast(name), pair.base.path, table, TEMPLATE, tmp_path,
        without=frozenset({"tiny-2"}), seed=1, save_dtype="float16",
    )  # fmt: skip
    tuned = ModelSource(path=str(tmp_path))
    kind = {"adapter": tuned} if name == "lft" else {"tuned": tuned}
    loaded = load_pair(Pair(name="plain", base=pair.base, template=TEMPLATE, **kind))
    prompt = both.render("Name a river.")
    mine, plain = (score(one, prompt.token_ids, [5, 9, 40]) for one in (both, loaded))
    for field in ("base_prob", "emitted_prob", "emitted_tuned_prob", "kl_tuned_base"):
        assert np.allclose(getattr(mine, field), getattr(plain, field), atol=1e-7), field
    assert not np.allclose(mine.emitted_prob, mine.emitted_tuned_prob)


def test_always_omitted_instances_are_omitted_from_the_full_model_too(pair, table):
    always = retraining(pair, table, always_without=frozenset({"tiny-2"}))
    plain = retraining(pair, table)
    assert weights(always.full()) == weights(plain.without(frozenset({"tiny-2"})))
    both = frozenset({"tiny-2", "tiny-9"})
    assert weights(always.without(frozenset({"tiny-9"}))) == weights(plain.without(both))
    assert always.identity() != plain.identity()


def test_progress_counts_the_steps(pair, table):
    seen = []
    retraining(pair, table).full(progress=lambda *now: seen.append(now[:2]))
    assert seen == [(step, 8) for step in range(1, 9)]
