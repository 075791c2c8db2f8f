"""Simplifying and evolving through a real HTTP server: prompts, failures, and resuming."""

import re
from dataclasses import replace

import pytest
from chat_server import chat_answer, chat_failure
from hypothesis import given
from hypothesis import strategies as st
from remedies.parents import parent_of

from itlim.errors import CancelledError, EndpointSetupError, InputError
from itlim.remedies.deriving import check_free, replies_path, write_derived
from itlim.remedies.evolving import (
    EvolveOperation,
    evolve_plan,
    evolve_prompt,
    evolved_by_server,
    why_eliminated,
)
from itlim.remedies.kept_replies import KeptReplies
from itlim.remedies.rewriting import filled
from itlim.remedies.simplify_rules import SimplifyRules
from itlim.remedies.simplifying import (
    simplified_by_rules,
    simplified_by_server,
    simplify_prompt,
)
from itlim.settings import PROJECT_FOLDER

PAPER = PROJECT_FOLDER.parent / "shared" / "paper" / "paper.md"


def shown(asked):
    return asked["messages"][0]["content"]


def shorter(asked):
    """The first sentence of the response in the prompt."""
    text = re.search(r"##Response: (.*?)\n\nSimplify the response", shown(asked), re.DOTALL)[1]
    return "##Simplified Response:\n" + text.split(". ")[0]


def instruction_in(text):
    """The instruction between the labels at the end of a prompt."""
    pattern = r"Given Prompt#:\n(.*)\n#(?:Rewritten|Created) Prompt#:$"
    return re.search(pattern, text, re.DOTALL)[1]


def rewriter(asked):
    text = shown(asked)
    if text.startswith("I want you act as a Prompt"):
        return f"{instruction_in(text)} Explain why."
    return f"Answer to: {text}"


@pytest.fixture
def kept(tmp_path):
    return KeptReplies(replies_path(tmp_path / "new.jsonl"))


@pytest.mark.skipif(not PAPER.exists(), reason="no paper in ../shared/paper")
def test_the_prompt_is_that_of_figure_10_word_for_word():
    text = PAPER.read_text(encoding="utf-8").split("# Simplification Prompt\n\n")[1]
    printed = text.split("\n```")[0].removeprefix("↳ ").rstrip()
    assert simplify_prompt("{instruction}", "{response}") == printed


@given(st.text(max_size=20), st.text(max_size=20))
def test_texts_are_inserted_as_they_are(query, response):
    prompt = simplify_prompt(query, response)
    assert f"##Query: {query}\n\n##Response: {response}\n\nSimplify" in prompt
    assert f"\n{query}\n#Rewritten Prompt#:" in evolve_prompt(EvolveOperation.REASONING, query)


def test_unknown_places_stay():
    assert filled("{a} {b}", {"a": "x"}) == "x {b}"


def test_each_row_gets_its_own_simplified_response(judge, settings, tmp_path, kept):
    server = judge(shorter)
    parent = parent_of(tmp_path)
    derived, usage = simplified_by_server(parent, settings, kept)
    assert [row.response for row in derived.rows] == [
        "Sure! Emma is by Jane Austen", "5", "The Nile", "1",
    ]  # fmt: skip
    assert [row.instruction for row in derived.rows] == [
        row["instruction"] for row in parent.rows()
    ]
    assert usage.requests == 4
    prompts = [shown(request.get_json()) for request, _ in server.log]
    assert any("##Query: Add them.\n2 and 3\n" in prompt for prompt in prompts)
    lineage = write_derived(tmp_path / "new.jsonl", parent, derived)
    assert (lineage.model, lineage.version) == ("m", "paper-figure-10/1")
    assert lineage.host == settings.base_url.split("/")[2]


def test_a_failed_reply_is_never_a_row_and_the_same_work_resumes(judge, settings, tmp_path, kept):
    broken = True

    def reply(asked):
        if broken and "Name a river" in shown(asked):
            return chat_failure(400, "too long")
        if broken and "Emma" in shown(asked):
            return "  "
        return shorter(asked)

    server = judge(reply)
    parent = parent_of(tmp_path)
    derived, _ = simplified_by_server(parent, settings, kept)
    assert [row.parent_id for row in derived.rows] == ["mine-2", "mine-4"]
    reasons = {one.instance_id: one.reason for one in derived.failed}
    assert reasons["mine-1"] == "The reply is empty."
    assert "status 400: too long" in reasons["mine-3"]
    out = tmp_path / "new.jsonl"
    assert len(write_derived(out, parent, derived).failed) == 2
    broken = False
    again, usage = simplified_by_server(parent, settings, KeptReplies(kept.path))
    assert [row.parent_id for row in again.rows] == ["mine-1", "mine-2", "mine-3", "mine-4"]
    assert usage.requests == 2, "the empty and the failed one"
    assert write_derived(out, parent, again).failed == ()
    assert len(server.log) == 6


def test_a_cut_off_reply_is_a_failure(httpserver, settings, tmp_path, kept):
    answer = chat_answer("The Ni")
    answer["choices"][0]["finish_reason"] = "length"
    httpserver.expect_request("/v1/chat/completions").respond_with_json(answer)
    derived, _ = simplified_by_server(parent_of(tmp_path), settings, kept)
    assert not derived.rows
    assert derived.failed[0].reason == "The reply is not complete (it ended because of 'length')."


def test_canceling_keeps_replies_and_writes_nothing(judge, settings, tmp_path, kept):
    judge(shorter)
    rows = [{"instruction": f"Q{n}", "output": f"A{n}."} for n in range(30)]
    parent = parent_of(tmp_path, rows)
    with pytest.raises(CancelledError, match="which are kept"):
        simplified_by_server(parent, settings, kept, cancelled=lambda: len(kept) >= 2)
    assert 2 <= len(KeptReplies(kept.path)) < 30


def test_a_wrong_key_stops_all(judge, settings, tmp_path, kept):
    judge(lambda _: chat_failure(401))
    with pytest.raises(EndpointSetupError):
        simplified_by_server(parent_of(tmp_path), settings, kept)


def test_evolving_asks_for_an_instruction_and_then_for_its_answer(judge, settings, tmp_path, kept):
    judge(rewriter)
    parent = parent_of(tmp_path)
    seen = []
    derived, usage = evolved_by_server(
        parent, settings, kept, list(EvolveOperation), 1, progress=lambda *one: seen.append(one)
    )
    assert usage.requests == 8
    assert seen[-1][:2] == (8, 8)
    made = {row.parent_id: row for row in derived.rows}
    assert made["mine-2"].instruction == "Add them.\n2 and 3 Explain why."
    assert made["mine-2"].input == ""
    for row in derived.rows:
        assert row.response == f"Answer to: {row.instruction}"
        assert row.notes["operation"] in list(EvolveOperation)


def test_tokens_and_cost_add_up_over_both_phases_of_evolving(judge, settings, tmp_path, kept):
    judge(rewriter)
    priced = replace(settings, prompt_price=100.0, completion_price=100.0)
    seen = []
    evolved_by_server(
        parent_of(tmp_path), priced, kept, list(EvolveOperation), 1,
        progress=lambda *one: seen.append(one[2]),
    )  # fmt: skip
    assert seen[3] == "52 tokens, cost 0.0052"
    assert seen[4] == "65 tokens, cost 0.0065"
    assert seen[-1] == "104 tokens, cost 0.0104"


def test_an_instruction_that_fails_is_not_answered(judge, settings, tmp_path, kept):
    def reply(asked):
        return chat_failure(400) if "river" in shown(asked) else rewriter(asked)

    server = judge(reply)
    derived, _ = evolved_by_server(parent_of(tmp_path), settings, kept, list(EvolveOperation), 0)
    assert [one.instance_id for one in derived.failed] == ["mine-3"]
    assert len(derived.rows) == 3
    assert len(server.log) == 4 + 3


@pytest.mark.parametrize(
    ("query", "evolved", "response", "reason"),
    [
        ("Name a cat.", "name  a CAT!", "Tom, a cat.", "has the same words"),
        ("Name a cat.", "The #Rewritten Prompt#: name it", "Tom.", "repeats the prompt"),
        ("Name a cat.", "Name a red cat.", "I'm sorry, I can't.", "refused to answer"),
        ("Name a cat.", "Name a red cat.", "It is on the …", "no content words"),
    ],
)
def test_what_wizardlm_eliminates_is_left_out(query, evolved, response, reason):
    assert reason in why_eliminated(query, evolved, response)
    assert why_eliminated(query, "Name a red cat.", "Tom is a red cat.") == ""


def test_eliminated_rows_are_counted_by_reason(judge, settings, tmp_path, kept):
    def same(asked):
        text = shown(asked)
        is_river = "Name a river." in text and text.startswith("I want")
        return "Name a river" if is_river else rewriter(asked)

    judge(same)
    derived, _ = evolved_by_server(parent_of(tmp_path), settings, kept, list(EvolveOperation), 0)
    assert derived.left_out == {"the evolved instruction has the same words": 1}
    assert not derived.failed


def test_each_operation_has_its_own_prompt():
    prompts = [evolve_prompt(operation, "Name a cat.") for operation in EvolveOperation]
    assert len(set(prompts)) == 5
    assert all("{" not in prompt for prompt in prompts)
    assert [prompt.startswith("I want you act as a Prompt Creator") for prompt in prompts] == [
        False, False, False, False, True,
    ]  # fmt: skip


def test_other_work_is_refused_before_anything_is_asked(settings, tmp_path):
    parent = parent_of(tmp_path)
    out = tmp_path / "new.jsonl"
    plan = evolve_plan(settings, list(EvolveOperation), 0)
    check_free(out, parent, plan)
    write_derived(out, parent, simplified_by_rules(parent, SimplifyRules()))
    with pytest.raises(InputError, match="other work made it"):
        check_free(out, parent, plan)
