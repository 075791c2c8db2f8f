"""Read an instruction-tuning dataset with Alpaca's keys."""

from pathlib import Path

from itlim.datasets.reading import read_dataset
from itlim.records import DatasetFormat, InstancesRead


def read_alpaca(path: Path, dataset: str) -> InstancesRead:
    """Read `instruction`, `input` (may be missing) and `output`; other keys go to `extra`."""
    return read_dataset(path, dataset, format=DatasetFormat.ALPACA)
