"""The enumerations and tables that every stage speaks.

One pyarrow schema a table. Unit, base and meaning of a column sit in its field
metadata, so that chart axes and exports read them instead of repeating them.
"""

from enum import StrEnum

import pyarrow as pa

from itlim.measures import Subject, measures_of


class ShiftCategory(StrEnum):
    """How far tuning moved the top token, by its rank under the base model (paper, section 3)."""

    UNSHIFTED = "unshifted"
    MARGINAL = "marginal"
    SHIFTED = "shifted"


class FinishReason(StrEnum):
    """Why a response ends where it ends."""

    END_OF_SEQUENCE = "end_of_sequence"
    LENGTH = "length"
    CONTEXT_LIMIT = "context_limit"
    PASTED = "pasted"
    CANCELLED = "cancelled"


class DecodingMode(StrEnum):
    """Where the response came from: greedy decoding (paper, section 2) or the user's clipboard."""

    GREEDY = "greedy"
    PASTED = "pasted"


class TuningKind(StrEnum):
    """How the tuned model is held: nothing (the base itself), a full checkpoint or an adapter."""

    NONE = "none"
    FULL = "full"
    ADAPTER = "adapter"


def _field(
    name: str, type_: pa.DataType, meaning: str, unit: str = "", *, nullable: bool = False
) -> pa.Field:
    metadata = {"meaning": meaning} | ({"unit": unit} if unit else {})
    return pa.field(name, type_, nullable=nullable, metadata=metadata)


def _measured(*subjects: Subject) -> list[pa.Field]:
    return [_field(one.column, one.type, one.meaning, one.unit) for one in measures_of(*subjects)]


TOP_TOKEN = pa.struct(
    [
        pa.field("token_id", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("prob", pa.float64(), nullable=False),
    ]
)

RUNS = pa.schema(
    [
        _field("run_id", pa.string(), "content hash of the request (ids.py)"),
        _field("created_at", pa.timestamp("us", tz="UTC"), "when the run was stored"),
        _field("pair", pa.string(), "name of the base/tuned pair, or of the model that answered"),
        _field("base_model", pa.string(), "path or hub id of the base model", nullable=True),
        _field("base_hash", pa.string(), "content hash of the base model's files", nullable=True),
        _field(
            "tuned_model",
            pa.string(),
            "path or hub id of the tuned model or adapter",
            nullable=True,
        ),
        _field("tuned_hash", pa.string(), "content hash of the tuned model's files", nullable=True),
        _field("tuning", pa.string(), "none, full or adapter", nullable=True),
        _field("dtype", pa.string(), "dtype of the weights while scoring", nullable=True),
        _field("template", pa.string(), "name of the prompt template", nullable=True),
        _field("instruction", pa.string(), "the instruction as typed"),
        _field("input", pa.string(), "the optional input as typed; empty if none"),
        _field("prompt", pa.string(), "the rendered prompt", nullable=True),
        _field(
            "prompt_token_ids", pa.list_(pa.int32()), "ids both models were given", nullable=True
        ),
        _field(
            "response",
            pa.string(),
            "the response; its token texts, if any, concatenate to it exactly",
        ),
        _field("decoding", pa.string(), "greedy or pasted", nullable=True),
        _field("max_new_tokens", pa.int32(), "limit on generated tokens", "tokens", nullable=True),
        _field("finish_reason", pa.string(), "why the response ends", nullable=True),
        _field(
            "marginal_above",
            pa.int32(),
            "base rank above which a token is marginal",
            "rank",
            nullable=True,
        ),
        _field(
            "shifted_above",
            pa.int32(),
            "base rank above which a token is shifted",
            "rank",
            nullable=True,
        ),
        _field(
            "top_k",
            pa.int32(),
            "how many of both models' top tokens are kept",
            "tokens",
            nullable=True,
        ),
        _field(
            "origin",
            pa.string(),
            "who made the run: live, import, demo, batch, counterfactual or responses",
        ),
        _field("itlim_version", pa.string(), "version of the code that measured or imported"),
    ]
)

TOKEN_SHIFTS = pa.schema(
    [
        _field("run_id", pa.string(), "the run"),
        _field("position", pa.int32(), "0-based position in the response", "tokens"),
        _field("token_id", pa.int32(), "id of the emitted token"),
        _field("text", pa.string(), "text of the token; empty inside a multi-token character"),
        _field("char_start", pa.int32(), "first code point in the response", "code points"),
        _field("char_stop", pa.int32(), "one past the last code point", "code points"),
        _field("is_eos", pa.bool_(), "the end-of-sequence token"),
        _field("tuned_argmax_id", pa.int32(), "the tuned model's top token y_t"),
        *_measured(Subject.FIRST_CHOICE, Subject.EMITTED),
        _field("category", pa.string(), "unshifted, marginal or shifted, at the run's thresholds"),
        *_measured(Subject.DISTRIBUTIONS),
        _field("top_base", pa.list_(TOP_TOKEN), "the base model's most probable tokens"),
        _field("top_tuned", pa.list_(TOP_TOKEN), "the tuned model's most probable tokens"),
    ]
)

_SERVER_RANK = "; where it is not decided, tied tokens count against it"
REMOTE_TOKENS = pa.schema(
    [
        *[TOKEN_SHIFTS.field(index) for index in range(TOKEN_SHIFTS.get_field_index("is_eos") + 1)],
        _field("emitted_log_prob", pa.float64(), "log P_base(r_t)", "nats", nullable=True),
        _field("emitted_prob", pa.float64(), "P_base(r_t)", "probability"),
        _field("emitted_tuned_log_prob", pa.float64(), "log P_tuned(r_t)", "nats", nullable=True),
        _field("emitted_tuned_prob", pa.float64(), "P_tuned(r_t)", "probability"),
        _field("emitted_rank", pa.int32(), f"base rank of r_t{_SERVER_RANK}", "rank (1-based)"),
        _field("emitted_rank_decided", pa.bool_(), "whether ties cannot change emitted_rank"),
        _field("tuned_argmax_id", pa.int32(), "the tuned model's top token y_t", nullable=True),
        _field("base_prob", pa.float64(), "P_base(y_t)", "probability", nullable=True),
        _field("tuned_prob", pa.float64(), "P_tuned(y_t)", "probability", nullable=True),
        _field(
            "base_rank",
            pa.int32(),
            f"base rank of y_t{_SERVER_RANK}",
            "rank (1-based)",
            nullable=True,
        ),
        _field("base_rank_decided", pa.bool_(), "whether ties cannot change base_rank"),
        _field("category", pa.string(), "unshifted, marginal or shifted", nullable=True),
        _field("category_decided", pa.bool_(), "whether ties cannot change the category"),
        _field(
            "kl_tuned_base_at_least",
            pa.float64(),
            "lower bound of KL(P_tuned || P_base); not the divergence",
            "nats",
        ),
        _field(
            "kl_base_tuned_at_least",
            pa.float64(),
            "lower bound of KL(P_base || P_tuned); not the divergence",
            "nats",
        ),
        _field("kl_cells", pa.int32(), "tokens that the bounds tell apart", "tokens"),
    ]
)
"""Tokens of which a server gave the most probable ones only, so that divergences are bounds. Null
is what the server's answer leaves open."""

RUN_TAGS = pa.schema(
    [
        _field("run_id", pa.string(), "the run"),
        _field("item", pa.string(), "id of the item in its instruction file, or its row number"),
        _field("task", pa.string(), "the item's task", nullable=True),
        _field("topic", pa.string(), "the item's topic", nullable=True),
    ]
)

RUN_PHRASES = pa.schema(
    [
        _field("run_id", pa.string(), "the run"),
        _field("dataset", pa.string(), "name of the traced instruction-tuning dataset"),
        _field("span_start", pa.int32(), "first code point", "code points", nullable=True),
        _field("span_stop", pa.int32(), "one past the last", "code points", nullable=True),
        _field("span_text", pa.string(), "phrase that is most likely borrowed", nullable=True),
        _field("null_p", pa.float64(), "its p, corrected for the choice", nullable=True),
        _field("n_choices", pa.int32(), "by what p was multiplied", nullable=True),
        _field("nats", pa.float64(), "evidence of the best instance", "nats", nullable=True),
        _field("instance_id", pa.string(), "the best instance", nullable=True),
    ]
)

INSTANCES = pa.schema(
    [
        _field("instance_id", pa.string(), "<dataset>-<1-based row>"),
        _field("content_sha256", pa.string(), "hash of instruction, input and response"),
        _field("dataset", pa.string(), "name of the instruction-tuning dataset"),
        _field("source_line", pa.int64(), "1-based line in the source file"),
        _field("instruction", pa.string(), "the instruction"),
        _field("input", pa.string(), "the optional input; empty if none"),
        _field("response", pa.string(), "the response that tuning imitates"),
        _field("extra", pa.string(), "further fields of the row, as JSON"),
    ]
)

LEAVE_OUT = pa.schema(
    [
        _field("case_id", pa.string(), "<seed>-<question>-<attribute>: one phrase of one answer"),
        _field("seed", pa.int32(), "tuning seed of the full and the retrained model"),
        _field("split", pa.string(), "question set: dev or test"),
        _field("instruction", pa.string(), "the question"),
        _field("category", pa.string(), "the question's category", nullable=True),
        _field("response", pa.string(), "the full model's greedy answer"),
        _field("attribute", pa.string(), "what the phrase answers: answer is the main slot"),
        _field("is_main", pa.bool_(), "whether the phrase is the main answer"),
        _field("span_start", pa.int32(), "first code point of the phrase", "code points"),
        _field("span_stop", pa.int32(), "one past the last code point", "code points"),
        _field("span_text", pa.string(), "the phrase; it is wrong"),
        _field("n_holders", pa.int32(), "instances whose response holds the phrase", "instances"),
        _field("instance_ids", pa.list_(pa.string()), "the instances left out together"),
        _field("relation", pa.string(), "of what was left out to the phrase"),
        _field("logp_drop", pa.float32(), "log p(phrase): full less retrained model", "nats"),
        _field("phrase_gone", pa.bool_(), "the retrained model's answer lacks the phrase"),
        _field("answer_changed", pa.bool_(), "the retrained model's answer is another"),
        _field("becomes_correct", pa.bool_(), "the truth newly stands in it", nullable=True),
    ]
)

REMEDY_ANSWERS = pa.schema(
    [
        _field("remedy", pa.string(), "what differs from plain tuning; `plain` if nothing"),
        _field("recipe", pa.string(), "recipe: sft or lft"),
        _field("seed", pa.int32(), "tuning seed"),
        _field("question_id", pa.string(), "the test question"),
        _field("instruction", pa.string(), "its text"),
        _field("response", pa.string(), "the tuned model's greedy answer"),
        _field("n_tokens", pa.int32(), "tokens of the answer without the end", "tokens"),
        _field("kl_mean", pa.float64(), "mean KL(tuned to base) per token", "nats", nullable=True),
        _field("is_right", pa.bool_(), "whether the known answer occurs in it", nullable=True),
        _field("n_wrong", pa.int32(), "phrases that differ from the truth", nullable=True),
        _field(
            "borrowed_p",
            pa.float64(),
            "p of its most likely borrowed phrase in the model's "
            "own tuning dataset, corrected for the choice",
            nullable=True,
        ),
        _field("phrase", pa.string(), "that phrase; empty if there is none"),
    ]
)
