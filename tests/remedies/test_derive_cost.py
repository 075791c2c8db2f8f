"""What making a dataset through a server will cost, by hand."""

from itlim.remedies.chat import Usage
from itlim.remedies.cost import text_tokens
from itlim.remedies.derive_cost import ADDED_TOKENS, evolve_cost, simplify_cost
from itlim.remedies.evolving import EvolveOperation, evolve_prompt
from itlim.remedies.simplifying import simplify_prompt

ROWS = [
    {"instance_id": f"d-{k}", "instruction": "Q" * 40, "input": "", "response": letter * 400}
    for k, letter in enumerate("ABA")
]


def test_simplifying_sends_the_prompt_and_gets_at_most_the_response_once_for_equal_rows():
    prompt = text_tokens(simplify_prompt("Q" * 40, "A" * 400))
    assert simplify_cost(ROWS).usage == Usage(2, 2 * prompt, 2 * 100)
    assert simplify_cost([]).usage == Usage()


def test_evolving_sends_each_prompt_and_then_its_longer_instruction():
    prompt = text_tokens(evolve_prompt(EvolveOperation.BREADTH, "Q" * 40))
    evolved = 10 + ADDED_TOKENS
    found = evolve_cost(ROWS[:1], [EvolveOperation.BREADTH], 0).usage
    assert found == Usage(2, prompt + evolved, evolved + 100)


def test_a_token_is_four_letters_rounded_up():
    assert [text_tokens("x" * n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]
