"""The paper's claims, recomputed on stored answers, each with its interval and its cases."""

from itlim.findings.answers import MarkedPhrase, PairAnswers
from itlim.findings.estimates import Estimate
from itlim.findings.report import findings_of

__all__ = ["Estimate", "MarkedPhrase", "PairAnswers", "findings_of"]
