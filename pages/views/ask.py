"""Ask."""

from itlim.ui.ask import page

page.show()
