"""The numbers of a trace in plain words."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from itlim.records import Candidate, CopiedRun, Level, Trace
from itlim.records.traces import OWN_RESPONSES, is_beyond_chance
from itlim.text.words import word_offsets

COMMON_FROM = 4
"""Words that at least this many instances contain in a row are called common."""
MAX_QUOTES = 3
"""Number of pieces of a phrase that a sentence quotes."""

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
            "One instance explains the span best: no other is within 1 nat of its evidence (a "
            "factor of 2.7 in likelihood)."
        )
    return (
        f"{n_equivalent:,} instances explain the span equally well, within 1 nat of evidence (a "
        "factor of 2.7 in likelihood): the text alone cannot distinguish them."
    )


def terms_in_words(background: str) -> list[str]:
    """What the numbers of a candidate measure, in which unit, and what a higher one means."""
    measured = f", by {background}" if background else ""
    return [
        "Rarity, in nats: how surprising the shared words are, −ln of their probability"
        f"{measured}. Higher: rarer.",
        "Evidence, in nats: the rarity of all words that an instance shares with the span, minus "
        "what chance shares at this length. Higher: more likely the source.",
        "Score, without a unit: the evidence plus the other parts, each times its weight. It "
        "orders the instances and is not a probability.",
    ]


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
    """How rare a run of words is."""
    if run.is_fuzzy:
        return "approximate, not scored"
    where = "only here" if run.n_instances == 1 else f"in {run.n_instances:,} instances"
    return f"rarity {run.nats:.1f} nats, {where}"


def verdict_in_words(trace: Trace) -> str:
    """The result in one sentence, which may be "no source found"."""
    if not trace.words:
        return "No source found: the span contains no word."
    if not trace.candidates:
        return "No source found: no rare word of the span occurs in the dataset."
    best = trace.candidates[0]
    if trace.null_p is None:
        return f"Best match: {best.instance_id}, not compared with chance.{_shared(trace, best)}"
    if trace.borrowed_parts:
        return part_verdict(trace)
    if not is_beyond_chance(trace.null_p):
        return "No source found: chance explains the best match."
    return f"Best match: {best.instance_id}, beyond chance.{_shared(trace, best)}"


def part_verdict(trace: Trace) -> str:
    """Which parts of the span are borrowed beyond chance, and that the rest is common."""
    parts = "; ".join(
        f"“{trace.response[part.start : part.stop]}” matches {part.instance_id} beyond chance "
        f"({share_in_words(part.null_p or 0.0)})"
        for part in trace.borrowed_parts
    )
    inside = [(part.start, part.stop) for part in trace.borrowed_parts]
    rest = _quoted(trace, [not _is_within(word, inside) for word in _words_of(trace)])
    return f"{parts}. The rest{f', {rest},' if rest else ' of the phrase'} is common."


def _shared(trace: Trace, best: Candidate) -> str:
    """Which part of the span an instance contains, which of it is common, and which it lacks.

    Empty if it contains all words in one rare run, or only common words.
    """
    words = _words_of(trace)
    exact = [run for run in best.runs if not run.is_fuzzy]
    few = [(run.span_start, run.span_stop) for run in exact if run.n_instances < COMMON_FROM]
    many = [(run.span_start, run.span_stop) for run in exact]
    is_rare = [_is_within(word, few) for word in words]
    is_held = [_is_within(word, many) for word in words]
    if all(is_rare) or not any(is_rare):
        return ""
    common = [held and not rare for held, rare in zip(is_held, is_rare, strict=True)]
    lacking = [not held for held in is_held]
    clauses = [f"It contains {_quoted(trace, is_rare) or 'parts of the phrase'}"]
    if any(common):
        clauses.append(f"{_quoted(trace, common) or 'other parts'} is common")
    if any(lacking):
        clauses.append(f"{_quoted(trace, lacking) or 'the rest'} is not in it")
    return f" {'; '.join(clauses)}."


def _words_of(trace: Trace) -> list[tuple[int, int]]:
    """Code points of the response, half-open, of each word of the span."""
    starts, stops = word_offsets(trace.quote)
    return [
        (trace.start + int(start), trace.start + int(stop))
        for start, stop in zip(starts, stops, strict=True)
    ]


def _is_within(word: tuple[int, int], ranges: Sequence[tuple[int, int]]) -> bool:
    return any(start <= word[0] and word[1] <= stop for start, stop in ranges)


def _quoted(trace: Trace, chosen: Sequence[bool]) -> str:
    """The chosen words of the span, neighbors together; empty if they are in too many pieces."""
    words = zip(_words_of(trace), chosen, strict=True)
    groups = [
        [word for word, _ in group] for is_in, group in groupby(words, itemgetter(1)) if is_in
    ]
    pieces = [f"“{trace.response[group[0][0] : group[-1][1]]}”" for group in groups]
    return " and ".join(pieces) if len(pieces) <= MAX_QUOTES else ""


def _two_digits(value: float) -> int:
    """Rounded to two significant digits, since a sample supports no more."""
    return int(float(f"{value:.2g}"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
