"""Test a source: retrain without it, or rephrase the question."""

from itlim.ui.demo.known_truth import DemoTruth
from itlim.ui.test import page

page.show(DemoTruth())
