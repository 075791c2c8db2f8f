"""Show the paper's claims beside the same numbers from stored answers."""

from itlim.ui.findings import page

page.show()
