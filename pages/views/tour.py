"""Show one answer in three steps: false, copied from, gone without it."""

from itlim.ui.demo.known_truth import DemoTruth
from itlim.ui.tour import page

page.show(DemoTruth())
