"""Hand-made retraining experiments, for tests that do not tune."""

from dataclasses import replace
from datetime import UTC, datetime

from itlim.records.retrainings import Arm, ArmKind, RetrainExperiment, RetrainQuestion
from tests.example_runs import example_run

RESPONSE = example_run().response
QUOTE = "café"
START = RESPONSE.index(QUOTE)


def arm(kind=ArmKind.CONTROL, logp=-2.0, *, gone=False, ids=("tiny-7",), answer=RESPONSE):
    return Arm(
        kind=kind,
        instance_ids=ids,
        logp=logp,
        answer=answer,
        phrase_gone=gone,
        answer_changed=answer != RESPONSE,
        seconds=1.5,
        tokens=example_run().tokens,
    )


def experiment(
    experiment_id="e" * 16,
    *,
    chosen=-5.0,
    gone=True,
    controls=(-2.1, -1.9),
    controls_gone=(),
    **rest,
):
    """The full model is at -2 nats; `rest` replaces fields of the question or the experiment."""
    arms = [
        arm(ArmKind.FULL, -2.0, ids=()),
        arm(ArmKind.CHOSEN, chosen, gone=gone, ids=("tiny-3",)),
        *(
            arm(logp=logp, gone=number in controls_gone, ids=(f"tiny-{number + 5}",))
            for number, logp in enumerate(controls)
        ),
    ]
    question = RetrainQuestion(
        run_id=example_run().run_id,
        instruction=example_run().instruction,
        input="",
        response=RESPONSE,
        response_ids=tuple(example_run().tokens["token_id"].to_pylist()),
        span_start=START,
        span_stop=START + len(QUOTE),
        instance_ids=("tiny-3",),
        n_controls=len(controls),
        seed=0,
        max_new_tokens=40,
        top_k=2,
    )
    of_question = {key: value for key, value in rest.items() if hasattr(question, key)}
    made = RetrainExperiment(
        experiment_id=experiment_id,
        question=replace(question, **of_question),
        pair="tiny-sft",
        recipe="sft",
        recipe_hash="r" * 64,
        base_sha256="b" * 64,
        tuned_sha256="t" * 64,
        base_logp=-9.0,
        arms=tuple(arms),
        author="Ann <b>",
        created_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        itlim_version="0.1.0",
    )
    return replace(made, **{key: rest[key] for key in rest.keys() - of_question.keys()})
