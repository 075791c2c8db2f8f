"""Test a source: retrain without it, or rephrase the question."""

from itlim.ui.demo.known_truth import DemoTruth
from itlim.ui.real.known_truth import RealTruth
from itlim.ui.shared.ground_truth import FirstKnown
from itlim.ui.test import page

page.show(FirstKnown(RealTruth(), DemoTruth()))
