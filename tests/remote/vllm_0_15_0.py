"""A server that answers /v1/completions in the layout of vLLM 0.15.0, over real local models.

It imitates vLLM; no vLLM server was run. Each part follows vLLM's documentation and source at
https://docs.vllm.ai/en/v0.15.0/api/vllm/ :

- fields of request and answer: entrypoints/openai/completion/protocol.py (`CompletionRequest`,
  `CompletionResponse`, `CompletionResponseChoice`), errors: entrypoints/openai/engine/protocol.py
  (`ErrorResponse`, `ErrorInfo`);
- `prompt_logprobs` starts with null, then maps ids to logprob, rank and decoded_token:
  logprobs.py (`create_prompt_logprobs`, `append_logprobs_for_next_position`): the prompt's own
  token first, with the number of ids that are at least as probable as its rank (v1/sample/ops/
  logprobs.py, `batched_count_greater_than`), then the top K with ranks 1 to K, whose entry
  replaces the first one if it is the same token;
- minus infinity is sent as -9999.0 (`clamp_prompt_logprobs`);
- the refusals of `prompt_logprobs` above `--max-logprobs` (v1/engine/input_processor.py,
  `_validate_logprobs`) and of `max_tokens` 0 (sampling_params.py).
"""

import functools
import itertools
import json

import torch
from werkzeug import Response

PATH = "/v1/completions"


def error(status, message, kind="BadRequestError", param=None):
    """`ErrorResponse`."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": status}}
    return Response(json.dumps(body), status=status, content_type="application/json")


class Vllm:
    """Answers for models by name: functions from ids (T,) to float32 logits (T, V)."""

    def __init__(self, models, *, max_logprobs=20, max_model_len=4096, eos_id=None):
        self.models = models
        self.max_logprobs = max_logprobs
        self.max_model_len = max_model_len
        self.eos_id = eos_id
        self.bodies = []
        """Bodies of the requests, in order."""
        self.change = lambda answer: answer
        """What a test does to an answer before it is sent."""

    def handle(self, request):
        body = request.get_json()
        self.bodies.append(body)
        refused = self._refused(body)
        if refused is not None:
            return refused
        answer = self.change(self.answer(body))
        if isinstance(answer, Response):
            return answer
        return Response(json.dumps(answer), content_type="application/json")

    def _refused(self, body):
        if body["model"] not in self.models:
            message = f"The model `{body['model']}` does not exist."
            return error(404, message, "NotFoundError", "model")
        for name, words in (("logprobs", "sample"), ("prompt_logprobs", "prompt")):
            asked = body.get(name) or 0
            if asked > self.max_logprobs:
                return error(
                    400,
                    f"Requested {words} logprobs of {asked}, which is greater than max allowed: "
                    f"{self.max_logprobs} (parameter={name}, value={asked})",
                    param=name,
                )
        if body["max_tokens"] < 1:
            return error(400, f"max_tokens must be at least 1, got {body['max_tokens']}.")
        length = len(body["prompt"]) + body["max_tokens"]
        if length > self.max_model_len:
            return error(
                400,
                f"This model's maximum context length is {self.max_model_len} tokens. However, "
                f"you requested {length} tokens.",
            )
        return None

    def answer(self, body):
        prompt, logits_of = body["prompt"], self.models[body["model"]]
        emitted = generated(logits_of, tuple(prompt), body["max_tokens"], self.eos_id)
        reason = "stop" if emitted[-1] == self.eos_id else "length"
        logprobs = None
        if body.get("logprobs") is not None:
            named = [f"token_id:{token}" for token in emitted]
            logprobs = {
                "text_offset": [0] * len(emitted),
                "token_logprobs": [0.0] * len(emitted),
                "tokens": named if body.get("return_tokens_as_token_ids") else ["?"] * len(emitted),
                "top_logprobs": [{}] * len(emitted),
            }
        asked = body.get("prompt_logprobs")
        with_ids = body.get("return_token_ids")
        choice = {
            "index": 0,
            "text": "",
            "logprobs": logprobs,
            "finish_reason": reason,
            "stop_reason": None,
            "token_ids": emitted if with_ids else None,
            "prompt_logprobs": None
            if asked is None
            else prompt_logprobs(logits_of(prompt), prompt, asked),
            "prompt_token_ids": prompt if with_ids else None,
        }
        count = len(prompt)
        return {
            "id": "cmpl-0",
            "object": "text_completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
            "service_tier": None,
            "system_fingerprint": None,
            "usage": {
                "prompt_tokens": count,
                "total_tokens": count + len(emitted),
                "completion_tokens": len(emitted),
                "prompt_tokens_details": None,
            },
            "kv_transfer_params": None,
        }


@functools.cache
def generated(logits_of, prompt, max_tokens, eos_id):
    """The greedy answer, computed once."""
    emitted = []
    while len(emitted) < max_tokens:
        emitted.append(int(logits_of([*prompt, *emitted])[-1].argmax()))
        if emitted[-1] == eos_id:
            break
    return emitted


def prompt_logprobs(logits, prompt, count):
    """`prompt_logprobs` of a choice, as JSON has it: ids are texts."""
    log_probs = logits.float().log_softmax(-1)
    found = [None]
    for place, token in enumerate(prompt[1:]):
        row = log_probs[place]
        rank = int((row >= row[token]).sum())
        values, ids = row.topk(count)
        found.append(
            {
                str(one): {
                    "logprob": -9999.0 if value == -torch.inf else value,
                    "rank": at,
                    "decoded_token": f"<{one}>",
                }
                for one, value, at in zip(
                    [token, *ids.tolist()],
                    [float(row[token]), *values.tolist()],
                    itertools.chain((rank,), range(1, count + 1)),
                    strict=True,
                )
            }
        )
    return found
