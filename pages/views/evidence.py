"""Show what the shipped models do, with figures: the evidence for the findings."""

from itlim.ui.demo import page

page.show()
