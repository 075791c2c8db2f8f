"""A trace's numbers in words that need no statistics to be understood."""

from itlim.records import CopiedRun, Level, Trace
from itlim.records.traces import OWN_RESPONSES, is_beyond_chance

LEVEL_MEANINGS = {
    Level.STRONG: "beyond chance, and no other instance explains the words better",
    Level.POSSIBLE: "beyond chance, but another instance explains the words better",
    Level.WEAK: "answers that owe this dataset nothing match it as well",
}


def share_in_words(share: float) -> str:
    """A share of spans as a count that one can picture.

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


def chance_in_words(null_p: float | None, null_source: str = "") -> str:
    """What the null says about a span, fitted on whose responses."""
    if null_p is None:
        return "How often chance matches as well is unknown: this index holds no comparison."
    whose = (
        "of the dataset's own answers match its other answers as well."
        if null_source == OWN_RESPONSES
        else "from answers that owe the dataset nothing match as well."
    )
    return f"{_capital(share_in_words(null_p))} spans of this length {whose}"


def ties_in_words(n_equivalent: int) -> str:
    """How many instances are as good as the best; empty where there is none."""
    if n_equivalent < 1:
        return ""
    if n_equivalent == 1:
        return "One instance explains it best: no other comes within 1 nat."
    return (
        f"{n_equivalent:,} instances explain it equally well, within 1 nat: "
        "the text alone cannot tell them apart."
    )


def occurrences_in_words(n_occurrences: int) -> str:
    """How often the span as a whole stands in the datasets."""
    if n_occurrences == 0:
        return "As a whole it stands nowhere word for word."
    times = {1: "once", 2: "twice"}.get(n_occurrences, f"{n_occurrences:,} times")
    return f"As a whole it stands {times} word for word."


def part_in_words(part: str) -> str:
    """Which words of the span told most, where it was not the span as a whole.

    >>> part_in_words("names"), part_in_words("span")
    ("told by the span's names", '')
    """
    return "" if part == "span" else f"told by the span's {part}"


def run_in_words(run: CopiedRun) -> str:
    """What a run of words is worth as evidence."""
    if run.is_fuzzy:
        return "aligned, no evidence"
    held = "only here" if run.n_instances == 1 else f"in {run.n_instances:,} instances"
    return f"{run.nats:.1f} nats, {held}"


def verdict_in_words(trace: Trace) -> str:
    """The answer in one line; "no source found" is one."""
    if not trace.words:
        return "No source found: the span holds no word."
    if not trace.candidates:
        return "No source found: none of these words stands in the dataset."
    best = trace.candidates[0]
    if trace.null_p is None:
        return f"Best match: {best.instance_id}. Whether by chance is unknown."
    if not is_beyond_chance(trace.null_p):
        return "No source found: chance explains the best match."
    return f"Best match: {best.instance_id}, beyond chance."


def _two_digits(value: float) -> int:
    """Rounded to two significant digits: more would claim more than a sample knows."""
    return int(float(f"{value:.2g}"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
