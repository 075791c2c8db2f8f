"""A small disk for the tests of full disks."""

from collections.abc import Iterator

import pytest
from small_disk import MEGABYTE, SmallDisk, mounted


@pytest.fixture
def disk(tmp_path) -> Iterator[SmallDisk]:
    """An empty file system of 16 MB."""
    with mounted(tmp_path / "disk", 16 * MEGABYTE) as small:
        yield small
