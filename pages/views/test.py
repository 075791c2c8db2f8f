"""Test a source: rephrase the question, or retrain without it."""

from itlim.ui.demo.truth import show_leave_out
from itlim.ui.test import page

page.show(ground_truth=show_leave_out)
