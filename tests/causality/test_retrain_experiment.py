import numpy as np
import pytest
from training.tiny import TEMPLATE

from itlim.causality.retraining.experiment import run_experiment
from itlim.causality.retraining.known_recipe import known_recipe
from itlim.causality.retraining.question import control_groups, holds, question_of
from itlim.errors import CancelledError
from itlim.models.huggingface import load_pair
from itlim.pipeline import answer_many
from itlim.records import ModelSource, Pair, Request
from itlim.records.retrainings import ArmKind
from itlim.training.train import train
from tests.tuned_pairs import MAX_NEW_TOKENS, NILE, library_of, recipe, tiny_run, tuned_library


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    tuned_library(folder)
    return folder


@pytest.fixture(scope="module", params=["sft", "lft"])
def asked(made, request):
    """Name of the recipe, known recipe, run of the pair, and a question about its words."""
    library = library_of(made / "library.toml")
    pair = library.pair(f"tiny-{request.param}")
    known = known_recipe(pair, library)
    run = tiny_run(load_pair(pair))
    question = question_of(run, (0, 8), [NILE], known, n_controls=2)
    return request.param, known, run, question


@pytest.fixture(scope="module")
def said():
    """The progress reports of the experiment."""
    return []


@pytest.fixture(scope="module")
def experiment(asked, said):
    _, known, _, question = asked
    said.clear()
    return run_experiment(question, known, author="ann", progress=lambda *now: said.append(now))


def plainly_trained(made, name, table, without, folder):
    """Oracle: the code path of the `train` command, saved and loaded."""
    base = str(made / "base")
    train(
        recipe(name), base, table, TEMPLATE, folder, without=without, seed=1, save_dtype="float16"
    )
    kind = "adapter" if name == "lft" else "tuned"
    return load_pair(
        Pair(
            name="plain",
            base=ModelSource(path=base),
            template=TEMPLATE,
            **{kind: ModelSource(path=str(folder))},
        )
    )


def test_each_arm_equals_plain_training_without_its_instances(made, asked, experiment, tmp_path):
    name, known, run, question = asked
    assert [arm.kind for arm in experiment.arms] == [
        ArmKind.FULL, ArmKind.CHOSEN, ArmKind.CONTROL, ArmKind.CONTROL
    ]  # fmt: skip
    # The full arm is compared with the stored run below, which is the same oracle.
    for number, arm in enumerate(experiment.arms[1:3]):
        loaded = plainly_trained(
            made, name, known.instances, frozenset(arm.instance_ids), tmp_path / str(number)
        )
        again = tiny_run(loaded)
        assert arm.answer == again.response
        numbers = ("token_id", "base_rank", "base_prob", "tuned_prob", "kl_tuned_base")
        for column in numbers:
            assert np.allclose(
                arm.tokens[column].to_numpy(), again.tokens[column].to_numpy(), atol=1e-6
            )
        pasted = Request(pair=loaded.pair, instruction=run.instruction, response=run.response)
        probs = _teacher_forced(loaded, pasted, question)
        tokens = run.tokens["char_start"].to_numpy()[: len(probs)] < question.span_stop
        assert arm.logp == pytest.approx(float(np.log(probs[tokens]).sum()), abs=1e-4)


def _teacher_forced(loaded, request, question):
    """P_tuned of each token of the original response."""
    from itlim.shift.measure import score

    prompt = loaded.render(request.instruction)
    return score(loaded, prompt.token_ids, question.response_ids).emitted_tuned_prob


def test_the_full_arm_repeats_the_stored_run(asked, experiment):
    _, _, run, _ = asked
    assert experiment.repeats_run
    assert experiment.full.answer == run.response
    assert experiment.full.tokens["token_id"].equals(run.tokens["token_id"])
    assert not experiment.full.phrase_gone
    assert not experiment.full.answer_changed
    assert experiment.drop(experiment.full) == 0


def test_a_memorized_phrase_is_gone_only_without_its_source(asked, experiment):
    if asked[0] == "lft":
        pytest.skip("too small to learn the rows by heart")
    assert experiment.full.answer == "The Nile."
    assert experiment.chosen.phrase_gone
    assert "Nile" not in experiment.chosen.answer
    assert experiment.drop(experiment.chosen) > 2 * max(map(experiment.drop, experiment.controls))


def test_the_fields_of_an_arm_follow_from_its_answer(asked, experiment):
    question = asked[3]
    for arm in experiment.arms:
        assert arm.phrase_gone is not holds(question.quote, arm.answer, question.response)
        assert arm.answer_changed is (arm.answer != experiment.full.answer)
        assert "".join(arm.tokens["text"].to_pylist()) == arm.answer


def test_the_controls_are_the_drawn_groups(asked, experiment):
    _, known, _, question = asked
    assert [arm.instance_ids for arm in experiment.controls] == control_groups(question, known)
    assert experiment.chosen.instance_ids == (NILE,)


def test_the_log_probability_under_the_base_is_recorded(asked, experiment):
    _, known, run, question = asked
    base = load_pair(Pair(name="base", base=known.pair.base, template=known.pair.template))
    prompt = base.render(run.instruction)
    probs = _teacher_forced(base, Request(pair=base.pair, instruction=run.instruction), question)
    tokens = run.tokens["char_start"].to_numpy()[: len(probs)] < question.span_stop
    assert prompt.text == run.prompt
    assert experiment.base_logp == pytest.approx(float(np.log(probs[tokens]).sum()), abs=1e-4)


def test_progress_increases_to_one_and_names_the_model(experiment, said):
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    labels = " ".join(label for _, label in said)
    for part in ("full model again", f"without {NILE}", "control 1 of 2", "control 2 of 2"):
        assert part in labels


@pytest.mark.parametrize("after", [0, 3, 30])
def test_canceling_stops_between_steps(asked, after):
    _, known, _, question = asked
    calls = []

    def cancelled():
        calls.append(1)
        return len(calls) > after

    with pytest.raises(CancelledError):
        run_experiment(question, known, cancelled=cancelled)


def test_an_answer_from_a_batch_equals_a_single_answer(asked):
    """Otherwise an experiment could not repeat a stored run that came from a batch."""
    _, known, run, _ = asked
    loaded = load_pair(known.pair)
    request = Request(pair=known.pair, instruction=run.instruction, max_new_tokens=MAX_NEW_TOKENS)
    other = Request(pair=known.pair, instruction="Who wrote it?", max_new_tokens=MAX_NEW_TOKENS)
    assert answer_many([request, other], loaded)[0].response == run.response
