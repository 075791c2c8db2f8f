"""Compare a base model and its tuned versions on one instruction."""

from itlim.ui.ask import compare

compare.show()
