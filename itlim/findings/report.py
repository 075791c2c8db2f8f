"""All findings about one pair, in the order of the paper."""

from itlim.findings.accuracy import accuracy_findings
from itlim.findings.answers import PairAnswers
from itlim.findings.borrowing import borrowing_findings
from itlim.findings.estimates import Estimate
from itlim.findings.hallucination import found_phrases, hallucination_findings
from itlim.findings.imitation import word_findings
from itlim.findings.judging import judging_findings
from itlim.findings.positions import position_findings
from itlim.findings.shift import shift_findings
from itlim.findings.sources import source_findings
from itlim.findings.style import style_findings
from itlim.progress import Progress


def findings_of(pair: PairAnswers, progress: Progress | None = None) -> list[Estimate]:
    """Compute every finding that the pair's answers allow; the others say what is missing.

    Args:
        pair: answers, marks and index of one pair.
        progress: called with a fraction in [0, 1] and the current step.
    """
    report = progress or (lambda _fraction, _what: None)
    report(0.0, "Shift of the tokens")
    found = shift_findings(pair)
    found += position_findings(pair)
    report(0.3, "Words of the tuning dataset")
    found += word_findings(pair)
    found += style_findings(pair)
    found += accuracy_findings(pair)
    report(0.5, "Marked phrases")
    phrases = found_phrases(pair)
    found += hallucination_findings(pair, phrases)
    found += judging_findings(pair)
    report(0.6, "Sources of the marked phrases")
    found += source_findings(pair, phrases)
    report(0.9, "Borrowed phrases of all answers")
    found += borrowing_findings(pair)
    report(1.0, "Done")
    return found
