"""Refusals, faults and foreign answers of servers."""

import copy
import json
import threading

import pytest
from remote.conftest import TOYOTA
from remote.vllm_0_15_0 import PATH, error
from werkzeug import Response

from itlim.errors import CancelledError, EndpointError, EndpointSetupError, InputError, ItlimError
from itlim.models.protocol import ScoredSequence
from itlim.records import ServerModel
from itlim.remote.asking import answer, endpoint_of, read_out
from itlim.remote.completions import read_completion

SEQUENCE = ScoredSequence(prompt_ids=(5, 6, 7), response_ids=(8, 9, 10, 11))


def endpoint(httpserver, model="base", **limits):
    served = ServerModel(url=httpserver.url_for("/v1"), model=model, tokenizer="unused")
    return endpoint_of(served, **{"timeout": 5.0, "attempts": 1} | limits)


def changed(change):
    """A change of an answer's first choice, in place."""

    def apply(answer):
        answer = copy.deepcopy(answer)
        change(answer["choices"][0])
        return answer

    return apply


@pytest.mark.parametrize(("limit", "tried"), [(20, [50, 20]), (1, [50, 1]), (0, [50, 0])])
def test_a_refused_number_becomes_the_one_that_the_server_allows(httpserver, vllm, limit, tried):
    vllm.max_logprobs = limit
    found = read_out(endpoint(httpserver), [SEQUENCE, SEQUENCE], 50)
    assert found.top_k == limit
    # The first response finds out; the second one is not refused again.
    assert [body["prompt_logprobs"] for body in vllm.bodies] == [*tried, limit]
    assert found.responses[0] == found.responses[1]
    assert {one.top_k for one in found.responses[0]} == {limit}


def test_a_refusal_without_a_number_is_followed_by_one_and_none(httpserver, vllm):
    handle = vllm.handle

    def refuse(request):
        if request.get_json()["prompt_logprobs"] > 0:
            vllm.bodies.append(request.get_json())
            return error(400, "prompt_logprobs is not supported here")
        return handle(request)

    httpserver.clear()
    httpserver.expect_request(PATH).respond_with_handler(refuse)
    assert read_out(endpoint(httpserver), [SEQUENCE], 20).top_k == 0
    assert [body["prompt_logprobs"] for body in vllm.bodies] == [20, 1, 0]


def test_a_server_that_refuses_every_number_is_quoted(httpserver):
    httpserver.expect_request(PATH).respond_with_handler(
        lambda _: error(400, "logprobs are switched off")
    )
    with pytest.raises(EndpointError, match="logprobs are switched off"):
        read_out(endpoint(httpserver), [SEQUENCE], 20)


def test_other_refusals_are_not_repeated_with_fewer_tokens(httpserver, vllm):
    vllm.max_model_len = 6
    with pytest.raises(EndpointError, match="maximum context length is 6"):
        read_out(endpoint(httpserver), [SEQUENCE], 20)
    assert len(vllm.bodies) == 1


def test_an_unknown_model_and_a_refused_key_say_what_to_set(httpserver, vllm):
    with pytest.raises(EndpointSetupError, match="no model 'other'"):
        read_out(endpoint(httpserver, "other"), [SEQUENCE], 5)
    httpserver.clear()
    httpserver.expect_request(PATH).respond_with_handler(lambda _: error(401, "Unauthorized"))
    with pytest.raises(EndpointSetupError, match="ITLIM_API_KEY"):
        read_out(endpoint(httpserver), [SEQUENCE], 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.update(prompt_logprobs=None), "did not return prompt_logprobs"),
        (lambda one: one["prompt_logprobs"].pop(), "read 6 tokens, but 7 were sent"),
        (lambda one: one["prompt_logprobs"].append({}), "read 8 tokens, but 7 were sent"),
        (lambda one: one.update(prompt_token_ids=[5, 6, 7, 8, 9, 10, 12]), "other token ids"),
        (lambda one: one["prompt_logprobs"][4].pop("9"), "another tokenizer"),
        (lambda one: one["prompt_logprobs"].__setitem__(4, None), "another tokenizer"),
        (lambda one: one["prompt_logprobs"][4]["9"].update(rank=None), "another tokenizer"),
        (lambda one: one["prompt_logprobs"][4]["9"].update(rank=5), "contradict each other"),
        (lambda one: one["prompt_logprobs"][4]["9"].update(logprob=3.5), "not log-probabilities"),
        (lambda one: one["prompt_logprobs"][4]["9"].update(logprob=-0.001), "not log-probab"),
        (
            lambda one: one["prompt_logprobs"][4]["9"].update(logprob=float("nan")),
            "not log-probabilities",
        ),
        (
            lambda one: one["prompt_logprobs"].__setitem__(
                4, dict([*one["prompt_logprobs"][4].items()][:3])
            ),
            "5 were asked for",
        ),
    ],
)
def test_answers_about_other_tokens_or_of_another_kind_are_rejected(
    httpserver, vllm, change, message
):
    vllm.change = changed(change)
    with pytest.raises(EndpointError, match=message):
        read_out(endpoint(httpserver), [SEQUENCE], 5)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"choices": [{"index": 0, "prompt_log', "not JSON at character"),
        ("<html>busy</html>", "not JSON at character 0"),
        ('{"choices": []}', "0 choices"),
        ('{"choices": [{"prompt_logprobs": [null, {"a": {"logprob": 1}}]}]}', "prompt_logprobs"),
        ('{"choices": [{"prompt_logprobs": [null, {"1": {"rank": 1}}]}]}', "logprob"),
        ('{"object": "list"}', "choices"),
    ],
)
def test_malformed_and_truncated_bodies_say_where(httpserver, body, message):
    httpserver.expect_request(PATH).respond_with_handler(
        lambda _: Response(body, content_type="application/json")
    )
    with pytest.raises(EndpointError, match=message) as caught:
        read_out(endpoint(httpserver), [SEQUENCE], 5)
    assert "not a completion answer" in str(caught.value)


def test_a_connection_that_breaks_within_the_body_is_an_error(httpserver):
    def cut(_):
        return Response(iter([b'{"choices": [']), headers={"Content-Length": "5000"})

    httpserver.expect_request(PATH).respond_with_handler(cut)
    with pytest.raises(EndpointError):
        read_out(endpoint(httpserver), [SEQUENCE], 5)


def test_a_slow_server_is_given_up_after_the_timeout(httpserver):
    given_up = threading.Event()

    def wait(_):
        given_up.wait(60)
        return Response("{}")

    httpserver.expect_request(PATH).respond_with_handler(wait)
    try:
        with pytest.raises(EndpointError, match=r"did not answer within 0\.3 s"):
            read_out(endpoint(httpserver, timeout=0.3), [SEQUENCE], 5)
    finally:
        given_up.set()


def test_a_failure_that_passes_is_repeated(httpserver, vllm):
    failures = iter([error(503, "loading"), error(500, "EngineCore encountered an issue")])
    vllm.change = lambda answer: next(failures, answer)
    assert len(read_out(endpoint(httpserver, attempts=3), [SEQUENCE], 5).responses[0]) == 4
    assert len(vllm.bodies) == 3


def test_cancelling_stops_before_the_next_request(httpserver, vllm):
    with pytest.raises(CancelledError):
        read_out(endpoint(httpserver), [SEQUENCE], 5, cancelled=lambda: True)
    assert not vllm.bodies


def test_minus_9999_is_read_as_probability_zero(httpserver, vllm):
    def zero(one):
        entry = one["prompt_logprobs"][4]
        entry["9"] = {"logprob": -9999.0, "rank": 300, "decoded_token": "?"}

    vllm.change = changed(zero)
    position = read_out(endpoint(httpserver), [SEQUENCE], 5).responses[0][1]
    assert position.prob(9) == 0.0
    assert position.log_prob == -float("inf")


def test_a_server_without_ids_of_its_answer_is_not_read_as_text(httpserver, vllm):
    vllm.change = changed(lambda one: one.update(token_ids=None))
    ids, _ = answer(endpoint(httpserver), SEQUENCE.prompt_ids, 4)
    assert len(ids) == 4  # from `return_tokens_as_token_ids`
    vllm.change = changed(lambda one: one.update(token_ids=None, logprobs=None))
    with pytest.raises(ItlimError, match="token ids"):
        answer(endpoint(httpserver), SEQUENCE.prompt_ids, 4)


def test_an_answer_that_ended_in_another_way_is_rejected(httpserver, vllm):
    vllm.change = changed(lambda one: one.update(finish_reason="abort"))
    with pytest.raises(EndpointError, match="'abort'"):
        answer(endpoint(httpserver), SEQUENCE.prompt_ids, 4)


def test_the_key_comes_from_the_environment_and_is_in_no_message(httpserver, monkeypatch):
    monkeypatch.setenv("ITLIM_API_KEY", "sk-secret-17")
    monkeypatch.setenv("ITLIM_API_URL", httpserver.url_for("/v1"))
    seen = []

    def refuse(request):
        seen.append(request.headers["Authorization"])
        return error(400, f"no logprobs for {request.headers['Authorization']}")

    httpserver.expect_request(PATH).respond_with_handler(refuse)
    with pytest.raises(EndpointError) as caught:
        read_out(endpoint(httpserver), [SEQUENCE], 0)
    assert seen == ["Bearer sk-secret-17"]
    assert "sk-secret" not in str(caught.value)


def test_a_server_that_no_setting_names_is_asked_without_the_key(httpserver, vllm, monkeypatch):
    monkeypatch.setenv("ITLIM_API_KEY", "sk-secret-17")
    monkeypatch.setenv("ITLIM_API_URL", "https://api.example/v1")
    assert read_out(endpoint(httpserver), [SEQUENCE], 5).top_k == 5
    assert "sk-secret" not in str(httpserver.log[0][0].headers)
    httpserver.clear()
    httpserver.expect_request(PATH).respond_with_handler(lambda _: error(401, "Unauthorized"))
    with pytest.raises(EndpointSetupError, match=r"without a key.*ITLIM_KEY_URLS"):
        read_out(endpoint(httpserver), [SEQUENCE], 5)


@pytest.mark.parametrize("part", ["finish_reason", "body"])
def test_no_message_about_an_answer_repeats_the_key(httpserver, vllm, monkeypatch, part):
    monkeypatch.setenv("ITLIM_API_KEY", "sk-secret-17")
    if part == "body":
        httpserver.clear()
        httpserver.expect_request(PATH).respond_with_data('{"choices": "sk-secret-17"}')
    vllm.change = changed(lambda one: one.update(finish_reason="sk-secret-17"))
    with pytest.raises(EndpointError) as caught:
        answer(endpoint(httpserver), SEQUENCE.prompt_ids, 4)
    assert "sk-secret" not in str(caught.value)


def test_an_address_with_a_password_is_rejected_before_anything_is_sent():
    with pytest.raises(InputError, match="could be a key"):
        ServerModel(url="http://host/v1?key=sk-1", model="m", tokenizer="t")
    with pytest.raises(InputError, match="user or password"):
        endpoint_of(ServerModel(url="http://me:pw@host/v1", model="m", tokenizer="t"))


def test_an_answer_in_vllms_layout_is_read_with_unknown_fields_ignored(vllm, demo_pair):
    prompt = list(demo_pair.render(TOYOTA).token_ids)
    body = {"model": "base", "prompt": prompt, "max_tokens": 1, "prompt_logprobs": 2}
    completion = read_completion(json.dumps(vllm.answer(body)))
    entries = completion.choices[0].prompt_logprobs
    assert entries[0] is None
    assert len(entries) == len(prompt) == completion.usage.prompt_tokens
    assert prompt[1] in entries[1]
