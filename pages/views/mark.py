"""Mark what is wrong in a response."""

from itlim.ui.mark import page

page.show()
