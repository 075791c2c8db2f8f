"""Cells of the table of a judge's means, and the estimate of its cost."""

from hypothesis import given
from hypothesis import strategies as st

from itlim.findings.estimates import Estimate
from itlim.findings.paper import rated_models
from itlim.remedies.chat import EndpointSettings, Usage
from itlim.remedies.cost import RATING_TOKENS, preference_cost, rating_cost
from itlim.remedies.judge_prompt import judge_prompt
from itlim.remedies.judging import Rated
from itlim.remedies.pairwise import Compared
from itlim.ui.findings.judge.means import cell_text


def estimate(value, n=7):
    ends = {} if value is None else {"ci_low": max(1, value - 0.5), "ci_high": min(5, value + 0.5)}
    return Estimate(finding_id="x", pair="p", claim="c", value=value, unit="", n=n, of="o",
                    n_responses=n, **ends)  # fmt: skip


@given(st.lists(st.integers(100, 500), min_size=2, max_size=20, unique=True))
def test_cells_sort_as_texts_like_their_numbers_among_those_of_the_paper(hundredths):
    own = {cell_text(estimate(one / 100)): one / 100 for one in hundredths}
    printed = {value: float(value) for one in rated_models() for value in one.values.values()
               if value}  # fmt: skip
    both = own | printed
    numbers = [both[text] for text in sorted(both)]
    assert numbers == sorted(numbers)


def test_a_cell_has_mean_interval_and_n_and_is_empty_without_a_mean():
    assert cell_text(estimate(3.456)) == "3.46 [2.96, 3.96] n = 7"
    assert cell_text(estimate(None)) is None


def test_the_estimated_cost_counts_every_prompt_and_reply_at_its_own_price():
    settings = EndpointSettings(base_url="http://x/v1", model="m", prompt_price=1.0,
                                completion_price=10.0)  # fmt: skip
    answers = [Rated(response_id="r", model="m", instruction="Q" * 10, response=f"{k}" * 400)
               for k in range(3)]  # fmt: skip
    tokens = -(-len(judge_prompt("Q" * 10, "A" * 400)) // 4)
    found = rating_cost([*answers, answers[0]])
    assert found.usage == Usage(3, 3 * tokens, 3 * RATING_TOKENS)
    expected = (3 * tokens * 1.0 + 3 * RATING_TOKENS * 10.0) / 1e6
    assert f"Estimated cost: {expected:.3f}." in found.sentence(settings)
    quoted = rating_cost(answers, with_quotes=True).usage
    assert quoted.requests == 6
    assert quoted.prompt_tokens > found.usage.prompt_tokens + 3 * 100
    both = Compared(name="c", instruction="Q", first="A", second="BB")
    assert preference_cost([both]).usage.requests == 2
