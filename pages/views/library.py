"""Manage model pairs, stored runs and backups."""

from itlim.ui.data_models import library

library.show()
