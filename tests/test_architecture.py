"""The rules of ARCHITECTURE.md, read from the source with `ast`: each file is parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A package imports only itself and the packages listed above it.
LAYERS = [
    ["errors"],
    ["settings", "disk"],
    ["progress", "measures"],
    ["schema"],
    ["records"],
    ["text", "statistics"],
    ["ids"],
    ["endpoints"],
    ["library"],
    ["models", "datasets", "store"],
    ["shift", "training", "trace"],
    ["remote"],
    ["pipeline"],
    ["batch"],
    ["causality"],
    ["annotation"],
    ["findings"],
    ["remedies"],
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
    "trace": [["words"], ["meaning"], ["evidence"], ["index"], ["."], ["provenance"]],
    "causality": [["."], ["retraining"], ["influence"], ["leave_out"], ["rephrasing"]],
    "components": [["."], ["shared"], ["tokens"], ["report"], ["trace"], ["tour"], ["marking"]],
    "ui": [["shared"], ["*"]],
}
# Only these may import a model family: its own pages and commands, and the family itself.
FAMILY_USERS = (
    "itlim/families/",
    "itlim/ui/demo/",
    "itlim/ui/real/",
    "itlim/cli/demo.py",
    "itlim/cli/real.py",
)
HEAVY = {
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "numba",
    "sentence_transformers",
    "faiss",
    "spacy",
    "ray",
    "openai",
}
# Only these may import the heavy libraries at module level: the first page must not load them
# before a model is needed.
LAZY = (
    "itlim/models/",
    "itlim/shift/",
    "itlim/training/",
    "itlim/trace/",
    "itlim/causality/",
    "itlim/findings/",
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


def test_only_one_module_switches_pages():
    # Streamlit's own function would give the page that is left a wrong address in the history.
    for source in SOURCES:
        names = {node.attr for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}
        assert "switch_page" not in names or source.path == "itlim/ui/shared/navigation.py"


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


PROJECT = {"itlim", "tests"} | {path.stem for path in (ROOT / "tests").rglob("*.py")}
PATCHING = {"setattr", "delattr", "setitem", "delitem", "patch", "object"}
# Private names of other libraries' objects that have no public counterpart.
FOREIGN_PRIVATE = {"_tree", "_post_accumulate_grad_hooks"}


def is_private(name):
    return name.startswith("_") and not name.endswith("_")


def dotted(node):
    """The parts of a dotted name; empty for another expression."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return before and [*before, node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def called(call):
    """The name of the called function or method."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def foreign_names(nodes):
    """Names that a file binds to modules and objects of other libraries."""
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            for alias in node.names:
                if (module or alias.name).split(".")[0] not in PROJECT:
                    yield alias.asname or alias.name.split(".")[0]


def patched_names(call, foreign):
    """Names in a call that replaces attributes or items, except those of other libraries."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)][:2]
    if arguments and foreign.intersection(dotted(arguments[0])[:1]):
        return
    for argument in arguments:
        if isinstance(argument, ast.Attribute):
            yield argument.attr
        elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            package, _, name = argument.value.rpartition(".")
            if not package or package.split(".")[0] in PROJECT:
                yield name


def internals_used(source):
    """Constants of itlim that a test replaces, and private names of itlim that it uses."""
    nodes = [*ast.walk(ast.parse(source))]
    foreign = {*foreign_names(nodes)}
    for node in nodes:
        if isinstance(node, ast.Call) and called(node) in PATCHING:
            for name in patched_names(node, foreign):
                if name.strip("_").isupper() or is_private(name):
                    yield name
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PROJECT:
            yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute):
            owner = dotted(node.value)
            is_replaced = isinstance(node.ctx, ast.Store) and node.attr.isupper()
            if not (is_replaced or is_private(node.attr)) or node.attr in FOREIGN_PRIVATE:
                continue
            if owner not in (["self"], ["cls"]) and not foreign.intersection(owner[:1]):
                yield node.attr


@pytest.mark.parametrize(
    "statement",
    [
        'monkeypatch.setattr(module, "LIMIT", 3)',
        'patch.setattr(module, "_LIMIT", 3)',
        'patch.setattr(\n    module, "_limit", lambda: 3\n)',
        'monkeypatch.setattr("itlim.trace.search.LIMIT", 3)',
        'monkeypatch.setattr(target=module, name="LIMIT", value=3)',
        'setattr(module, "LIMIT", 3)',
        'mock.patch("itlim.trace.search._limit")',
        'mock.patch.object(module, "LIMIT", 3)',
        'monkeypatch.setitem(module.TABLE, "key", 3)',
        "module.LIMIT = 3",
        "index._nulls = {}",
        "self.index._nulls",
        "module._limit()",
        "from itlim.trace.search import _limit",
        "from trace_material import _limit",
    ],
)
def test_every_use_of_an_internal_name_is_detected(statement):
    assert len([*internals_used(statement)]) == 1


@pytest.mark.parametrize(
    "statement",
    [
        'monkeypatch.setattr(services, "library", load)',
        'monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)',
        'from huggingface_hub import constants\npatch.setattr(constants, "HF_HUB_OFFLINE", True)',
        'import time\nmonkeypatch.setattr(time, "monotonic", clock)',
        'monkeypatch.setitem(sys.modules, "itlim.trace.verbatim", module)',
        'monkeypatch.setenv("ITLIM_HOME", folder)',
        "search(index, text, limit=module.LIMIT)",
        "self._limit = 3",
        "run._repr_html_()",
        "super().__init__()",
    ],
)
def test_public_names_and_those_of_other_libraries_may_be_used(statement):
    assert [*internals_used(statement)] == []


def test_tests_pass_limits_as_arguments_and_use_no_internal_names():
    files = sorted(Path(__file__).parent.rglob("*.py"))
    found = {path.name: [*internals_used(path.read_text(encoding="utf-8"))] for path in files}
    assert {name: names for name, names in found.items() if names} == {}
