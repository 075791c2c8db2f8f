"""The numbers of a trace in plain words."""

from itlim.records import CopiedRun, Level, Trace
from itlim.records.traces import OWN_RESPONSES, is_beyond_chance

LEVEL_MEANINGS = {
    Level.STRONG: "beyond chance, and no other instance explains the words better",
    Level.POSSIBLE: "beyond chance, but another instance explains the words better",
    Level.WEAK: "unrelated answers match this dataset as well",
}


def share_in_words(share: float) -> str:
    """A share of spans as a natural frequency.

    >>> share_in_words(0.005), share_in_words(0.0002), share_in_words(0.38), share_in_words(1.0)
    ('1 in 200', 'fewer than 1 in 1,000', '38 in 100', 'nearly all')
    """
    if share < 0.001:
        return "fewer than 1 in 1,000"
    if share >= 0.95:
        return "nearly all"
    if share > 0.3:
        return f"{round(100 * share)} in 100"
    return f"1 in {_two_digits(1 / share):,}"


def chance_in_words(null_p: float | None, null_source: str = "", n_choices: int = 1) -> str:
    """How often chance matches as well as a span, and which responses this is based on.

    Args:
        null_p: p-value of the span.
        null_source: responses to which the null distribution was fitted.
        n_choices: number by which p was multiplied, if the span was chosen among others.
    """
    if null_p is None:
        return "Chance is unknown: this index has no chance baseline."
    baseline = (
        "from the dataset's own answers match its other answers this well."
        if null_source == OWN_RESPONSES
        else "from unrelated answers match this well."
    )
    found = f"{_capital(share_in_words(null_p))} spans of this length {baseline}"
    if n_choices == 1:
        return found
    return f"{found} This is corrected for choosing the phrase among {n_choices}."


def ties_in_words(n_equivalent: int) -> str:
    """How many instances are as good as the best; empty if there is none."""
    if n_equivalent < 1:
        return ""
    if n_equivalent == 1:
        return (
            "One instance explains the span best: no other is within 1 nat (a factor of 2.7 in "
            "likelihood)."
        )
    return (
        f"{n_equivalent:,} instances explain the span equally well, within 1 nat (a factor of 2.7 "
        "in likelihood): the text alone cannot distinguish them."
    )


def occurrences_in_words(n_occurrences: int) -> str:
    """How often the full span occurs in the datasets."""
    if n_occurrences == 0:
        return "The full span does not occur verbatim."
    times = {1: "once", 2: "twice"}.get(n_occurrences, f"{n_occurrences:,} times")
    return f"The full span occurs verbatim {times}."


def part_in_words(part: str) -> str:
    """The part of the span with the most evidence; empty if that is the whole span.

    >>> part_in_words("names"), part_in_words("span")
    ('matched on names', '')
    """
    return "" if part == "span" else f"matched on {part}"


def run_in_words(run: CopiedRun) -> str:
    """The evidence of a run of words."""
    if run.is_fuzzy:
        return "approximate, not scored"
    where = "only here" if run.n_instances == 1 else f"in {run.n_instances:,} instances"
    return f"{run.nats:.1f} nats, {where}"


def verdict_in_words(trace: Trace) -> str:
    """The result in one sentence, which may be "no source found"."""
    if not trace.words:
        return "No source found: the span contains no word."
    if not trace.candidates:
        return "No source found: no rare word of the span occurs in the dataset."
    best = trace.candidates[0]
    if trace.null_p is None:
        return f"Best match: {best.instance_id}, not compared with chance."
    if trace.borrowed_parts:
        return part_verdict(trace)
    if not is_beyond_chance(trace.null_p):
        return "No source found: chance explains the best match."
    return f"Best match: {best.instance_id}, beyond chance."


def part_verdict(trace: Trace) -> str:
    """Which parts of the span are borrowed beyond chance, and that the rest is common."""
    parts = "; ".join(
        f"“{trace.response[part.start : part.stop]}” matches {part.instance_id} beyond chance "
        f"({share_in_words(part.null_p or 0.0)})"
        for part in trace.borrowed_parts
    )
    return f"{parts}. The rest of the span is common."


def _two_digits(value: float) -> int:
    """Rounded to two significant digits, since a sample supports no more."""
    return int(float(f"{value:.2g}"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
