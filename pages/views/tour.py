"""Show one answer in three steps: false, copied from, gone without it."""

from itlim.ui.demo.known_truth import DemoTruth
from itlim.ui.real.known_truth import RealTruth
from itlim.ui.shared.ground_truth import FirstKnown
from itlim.ui.tour import page

page.show(FirstKnown(RealTruth(), DemoTruth()))
