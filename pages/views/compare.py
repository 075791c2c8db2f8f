"""Compare the models of a family on one instruction."""

from itlim.ui.ask import compare

compare.show()
