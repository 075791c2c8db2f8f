"""Load the files of a browser view and bundle its scripts.

The scripts are ES modules, so that they can be checked and tested one by one. A page needs a
single script per view: `bundle` joins a module and everything that it imports into one scope,
imports first. `tests/components/test_javascript.py` checks that no name is defined twice.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from itlim.errors import InputError

SHARED = Path(__file__).parent / "assets"
_IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"(\.{1,2}/[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)


def bundle(entry: Path) -> str:
    """A module and all of its imports as one script, without import and export statements.

    Modules that import each other are joined in the order in which they are found. This works if
    they use each other's names only inside functions.

    Raises:
        InputError: an imported file does not exist.
    """
    parts: list[str] = []
    _collect(entry.resolve(), set(), parts)
    return "\n".join(parts)


def _collect(path: Path, seen: set[Path], parts: list[str]) -> None:
    if path in seen:
        return
    seen.add(path)
    if not path.exists():
        raise InputError(f"The script {path} does not exist: correct the import that names it.")
    text = path.read_text("utf-8")
    for name in _IMPORT.findall(text):
        _collect((path.parent / name).resolve(), seen, parts)
    parts.append(_EXPORT.sub("", _IMPORT.sub("", text)))


@dataclass(frozen=True, slots=True)
class AssetFolder:
    """The assets of one view."""

    folder: Path

    def text(self, name: str) -> str:
        """The content of one file."""
        return (self.folder / name).read_text("utf-8")

    def style_sheet(self, name: str) -> str:
        """The style rules that all views share, then those of one view."""
        return (SHARED / "theme.css").read_text("utf-8") + self.text(name)

    def script(self, entry: str) -> str:
        """The bundle of a module: the view itself, or an ES module that mounts it in Streamlit."""
        return bundle(self.folder / entry)

    def document(self, entry: str) -> str:
        """A classic script that mounts the view in an HTML page without Streamlit."""
        return f"(() => {{\n{self.script(entry)}}})();\n"


def assets_of(module_file: str) -> AssetFolder:
    """The folder `assets` next to a module, given the module's `__file__`."""
    return AssetFolder(Path(module_file).parent / "assets")
