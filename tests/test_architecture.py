"""The rules of ARCHITECTURE.md, read from the source with `ast`: each file is parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A package imports only itself and the packages listed above it.
LAYERS = [
    ["errors", "settings"],
    ["progress", "measures"],
    ["schema"],
    ["records"],
    ["text", "statistics"],
    ["ids"],
    ["library"],
    ["models", "datasets", "store"],
    ["shift", "training", "trace"],
    ["pipeline"],
    ["causality"],
    ["annotation"],
    ["components"],
    ["charts", "export"],
    ["api"],
    ["families"],
    ["cli", "ui"],
    ["__main__"],
    ["pages", "app"],
]
# Inside these packages, a folder imports only folders listed above it; "." is the package itself.
INNER_LAYERS = {
    "trace": [["words"], ["meaning"], ["evidence"], ["index"], ["."]],
    "causality": [["."], ["retraining"], ["influence"], ["leave_out"], ["rephrasing"]],
    "components": [["."], ["shared"], ["tokens"], ["trace"], ["marking"]],
    "ui": [["shared"], ["*"]],
}
# Only these may import a model family: its own pages and commands, and the family itself.
FAMILY_USERS = ("itlim/families/", "itlim/ui/demo/", "itlim/cli/demo.py")
HEAVY = {
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "numba",
    "sentence_transformers",
    "faiss",
    "spacy",
}
# Only these may import the heavy libraries at module level: the first page must not load them
# before a model is needed.
LAZY = (
    "itlim/models/",
    "itlim/shift/",
    "itlim/training/",
    "itlim/trace/",
    "itlim/causality/",
    "itlim/families/",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One module of the project."""

    path: str
    tree: ast.Module
    lines: int
    imported: frozenset[str]
    """Dotted names imported anywhere in the file; `from itlim import x` counts as `itlim.x`."""
    imported_at_once: frozenset[str]
    """Names imported at module level."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Path relative to `itlim`, or to the root for pages and app, without the suffix."""
        parts = Path(self.path).with_suffix("").parts
        return parts[1:] if parts[0] == "itlim" else parts


def imported_names(nodes: Iterator[ast.AST], package: str) -> frozenset[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join([*up, node.module or ""] if node.level else [node.module or ""])
            found |= {f"{module}.{alias.name}" for alias in node.names}
            found.add(module)
    return frozenset(found)


def read_source(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    package = ".".join(path.relative_to(ROOT).parent.parts)
    return Source(
        path=path.relative_to(ROOT).as_posix(),
        tree=tree,
        lines=len(text.splitlines()),
        imported=imported_names(ast.walk(tree), package),
        imported_at_once=imported_names(iter(tree.body), package),
    )


SOURCES = [
    read_source(path)
    for pattern in ("app.py", "pages/**/*.py", "itlim/**/*.py")
    for path in sorted(ROOT.glob(pattern))
]


def layer_of(layers: list[list[str]], name: str) -> int | None:
    for height, names in enumerate(layers):
        if name in names or "*" in names:
            return height
    return None


def inner(parts: tuple[str, ...]) -> str:
    """Folder inside a package; "." for a module directly in the package."""
    package = ROOT / "itlim" / parts[0]
    return parts[1] if len(parts) > 1 and (package / parts[1]).is_dir() else "."


def violations(source: Source) -> Iterator[str]:
    """Descriptions of the imports that break a rule."""
    mine = source.parts
    for name in sorted(source.imported):
        parts = tuple(name.split(".")[1:])
        if not name.startswith("itlim.") or mine == ("__init__",):
            continue
        if layer_of(LAYERS, parts[0]) is None:
            continue  # a name defined in itlim/__init__.py
        if parts[0] != mine[0]:
            if layer_of(LAYERS, parts[0]) >= layer_of(LAYERS, mine[0]):
                yield f"{source.path} imports {name}, which is not below it"
        elif parts[0] in INNER_LAYERS and len(parts) > 1 and mine[1:] != ("__init__",):
            layers = INNER_LAYERS[parts[0]]
            here, there = inner(mine), inner(parts)
            if here != there and layer_of(layers, there) >= layer_of(layers, here):
                yield f"{source.path} imports {name}: not below it inside {parts[0]}"
        if parts[0] == "families" and not source.path.startswith(FAMILY_USERS):
            yield f"{source.path} imports {name}: only the pages and commands of a family may"


def test_every_module_has_a_layer():
    homes = {source.parts[0] for source in SOURCES} - {"__init__"}
    unplaced = {name for name in homes if layer_of(LAYERS, name) is None}
    assert not unplaced, f"give {unplaced} a layer here and in ARCHITECTURE.md"


def test_imports_point_downwards_and_no_page_imports_another():
    found = [line for source in SOURCES for line in violations(source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "statement"),
    [
        ("itlim/records/new.py", "from itlim.store import runs"),
        ("itlim/records/new.py", "from itlim import store"),
        ("itlim/records/new.py", "import itlim.store.runs"),
        ("itlim/records/new.py", "def f():\n    from ..store import runs"),
        ("itlim/trace/words/new.py", "from itlim.trace.index import build"),
        ("itlim/trace/words/new.py", "from ..index import build"),
        ("itlim/ui/trace/new.py", "from itlim.ui.ask import page"),
        ("itlim/ui/shared/new.py", "import itlim.ui.ask.page"),
        ("itlim/causality/new.py", "from itlim.families.demo import spans"),
        ("itlim/ui/trace/new.py", "from itlim import families"),
    ],
)
def test_every_form_of_a_forbidden_import_is_detected(path, statement):
    tree = ast.parse(statement)
    package = ".".join(Path(path).parent.parts)
    source = Source(
        path=path,
        tree=tree,
        lines=1,
        imported=imported_names(ast.walk(tree), package),
        imported_at_once=frozenset(),
    )
    assert [*violations(source)]


def test_streamlit_stays_in_the_ui():
    for source in SOURCES:
        if source.parts[0] not in {"app", "pages", "ui"}:
            assert "streamlit" not in {name.split(".")[0] for name in source.imported}, source.path


def test_sql_stays_in_the_store():
    for source in SOURCES:
        if source.parts[0] != "store":
            assert "duckdb" not in source.imported, source.path


def test_heavy_libraries_are_imported_lazily():
    for source in SOURCES:
        if not source.path.startswith(LAZY) or source.path.endswith("__init__.py"):
            roots = {name.split(".")[0] for name in source.imported_at_once}
            assert not roots & HEAVY, f"{source.path} imports {roots & HEAVY}"


def test_no_page_is_directly_in_pages():
    # Streamlit would serve it on a cold deep link without app.py.
    assert not list((ROOT / "pages").glob("*.py"))


def test_pages_are_thin_and_the_app_is_navigation_only():
    limits = {"pages": 8, "app": 40}
    for source in SOURCES:
        limit = limits.get(source.parts[0])
        assert limit is None or source.lines <= limit, f"{source.path} has {source.lines} lines"


def test_at_most_six_files_are_directly_in_ui():
    assert len([path for path in (ROOT / "itlim/ui").iterdir() if path.is_file()]) <= 6


def test_modules_and_functions_stay_short():
    for source in SOURCES:
        # A table of sentence templates: data, written in Python for type checking.
        if source.path != "itlim/families/demo/categories.py":
            assert source.lines <= 275, f"{source.path} is long"
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = first.end_lineno if documented else node.lineno
                assert node.end_lineno - start <= 50, f"{source.path}: {node.name} is long"


def test_no_module_is_called_utils_or_helpers():
    stems = {Path(source.path).stem for source in SOURCES}
    assert not stems & {"utils", "helpers", "misc", "common"}


def patched_constants(source):
    """Upper-case names of itlim that a test replaces with `setattr`."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    names = (
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "setattr"
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )
    return [
        name
        for name in names
        if name.rpartition(".")[2].strip("_").isupper()
        and ("." not in name or name.startswith("itlim."))
    ]


@pytest.mark.parametrize(
    "call",
    [
        'monkeypatch.setattr(module, "LIMIT", 3)',
        'patch.setattr(module, "_LIMIT", 3)',
        'monkeypatch.setattr("itlim.trace.search.LIMIT", 3)',
    ],
)
def test_every_form_of_patching_a_constant_is_detected(call):
    assert len(patched_constants(call)) == 1
    assert patched_constants('monkeypatch.setattr(services, "library", load)') == []


def test_tests_pass_limits_as_arguments_and_patch_no_constants():
    files = sorted(Path(__file__).parent.rglob("*.py"))
    found = {path.name: patched_constants(path.read_text(encoding="utf-8")) for path in files}
    assert {name: names for name, names in found.items() if names} == {}
