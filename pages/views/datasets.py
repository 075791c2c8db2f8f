"""Manage datasets and their indexes."""

from itlim.ui.data_models import datasets

datasets.show()
