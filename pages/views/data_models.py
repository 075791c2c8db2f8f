"""Manage datasets, model pairs, stored runs and backups."""

from itlim.ui.data_models import page

page.show()
