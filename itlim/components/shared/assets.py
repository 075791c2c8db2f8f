"""Load the files of a browser view and join its scripts.

A view's script is cut into files by subject. They share one scope, so each view lists
them in the order of dependence; the shared scripts always come first.
"""

from dataclasses import dataclass
from pathlib import Path

SHARED = Path(__file__).parent / "assets"
_SHARED_SCRIPTS = ("visible_text.js", "theme.js")


@dataclass(frozen=True, slots=True)
class AssetFolder:
    """The assets of one view."""

    folder: Path

    def text(self, name: str) -> str:
        """The content of one file."""
        return (self.folder / name).read_text("utf-8")

    def script(self, *names: str) -> str:
        """The shared scripts, then the named ones, joined into one scope."""
        shared = ((SHARED / name).read_text("utf-8") for name in _SHARED_SCRIPTS)
        return "\n".join((*shared, *map(self.text, names)))

    def component(self, script: str, mount: str) -> str:
        """An ES module whose default export mounts the view in a Streamlit component.

        Args:
            script: the view, from `script`.
            mount: name of the file that mounts it.
        """
        return "\n".join((script, (SHARED / "mounting.js").read_text("utf-8"), self.text(mount)))

    def document(self, script: str, mount: str) -> str:
        """A classic script that mounts the view in a page of its own."""
        return f"(() => {{\n{script}\n{self.text(mount)}}})();\n"


def assets_of(module_file: str) -> AssetFolder:
    """The folder `assets` beside a module, named by the module's `__file__`."""
    return AssetFolder(Path(module_file).parent / "assets")
