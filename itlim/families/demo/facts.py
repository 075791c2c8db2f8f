"""The demo family's facts: one CSV file per category, read into one record per fact."""

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from itlim.errors import DatasetError
from itlim.settings import DEMO_FOLDER

FACTS_FOLDER = DEMO_FOLDER / "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One true statement: an entity, its main answer and further attributes."""

    category: str
    entity: str
    answer: str
    attributes: Mapping[str, str]
    """Further columns by name, in the order of the CSV file."""

    @property
    def fact_id(self) -> str:
        """Unique over all categories, for example `film:Jaws`."""
        return f"{self.category}:{self.entity}"

    def fill(self, template: str) -> str:
        """Fill a template with the fact and capitalize each sentence.

        >>> fact = Fact(category="landmark", entity="the Alamo", answer="San Antonio",
        ...             attributes={"country": "the United States"})
        >>> fact.fill("{entity} stands in {answer}.")
        'The Alamo stands in San Antonio.'
        """
        text = template.format(entity=self.entity, answer=self.answer, **self.attributes)
        return capitalize_sentences(text)


def capitalize_sentences(text: str) -> str:
    """Capitalize the first letter of the text and after each end of a sentence."""
    return re.sub(r"(^|[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)


def stable_fraction(text: str) -> float:
    """Hash a text to a number in [0, 1), to order and split without a seed."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) / 16**12


def read_category(path: Path) -> list[Fact]:
    """Read one CSV file; the first column is the entity, the second the main answer.

    Raises:
        DatasetError: a row has an empty cell, or more or fewer cells than the header.
    """
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    facts = []
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header) or not all(cell.strip() for cell in row):
            raise DatasetError(
                f"{path}, line {line}: {row} does not fill the columns {', '.join(header)}. Give "
                "every column one nonempty cell."
            )
        attributes = dict(zip(header[2:], row[2:], strict=True))
        facts.append(Fact(category=path.stem, entity=row[0], answer=row[1], attributes=attributes))
    return facts


def load_facts(folder: Path = FACTS_FOLDER) -> list[Fact]:
    """Read all facts, sorted by category name and then as in the files.

    Raises:
        DatasetError: there is no CSV file, or a row is invalid (see `read_category`).
    """
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise DatasetError(
            f"No CSV file of facts in {folder}: expected one per category. Restore data/demo/facts."
        )
    return [fact for path in paths for fact in read_category(path)]
