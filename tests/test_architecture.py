"""The house rules of ARCHITECTURE.md, read from the source with `ast`."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for part in ("app.py", "pages", "itlim")
    for path in ([ROOT / part] if part.endswith(".py") else (ROOT / part).rglob("*.py"))
)

# A module may import from its own floor's packages only itself, and from floors below.
FLOORS = [
    ["errors"],
    ["schema"],
    ["records", "settings"],
    ["prompts"],
    ["offsets", "ids"],
    ["library"],
    ["pair_options", "span_options"],
    ["models", "datasets", "store"],
    ["shift", "training", "trace"],
    ["causality"],
    ["annotation"],
    ["token_view"],
    ["annotation_view"],
    ["trace_view"],
    ["charts", "export", "terminal"],
    ["pipeline"],
    ["lab"],
    ["findings"],
    ["training_commands", "trace_commands", "tracing_command", "annotation_commands"],
    ["influence_command", "counterfactual_command", "leave_out_command"],
    ["__main__", "ui"],
    ["pages", "app"],
]
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
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
# Only these may import the heavy libraries at module level: nothing on the way to the first
# page imports them before a model is asked for.
LAZY = ("itlim/models/", "itlim/shift/", "itlim/training/", "itlim/trace/", "itlim/causality/")


def home(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    if parts[0] != "itlim":
        return parts[0].removesuffix(".py")
    return parts[1].removesuffix(".py")


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(tree.body) if top_level else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "itlim":
                found |= {f"itlim.{alias.name}" for alias in node.names}
            found.add(node.module)
    return found


def test_every_module_has_a_floor():
    homes = {home(path) for path in SOURCES} - {"__init__"}
    assert homes <= set(FLOOR), f"give {homes - set(FLOOR)} a floor here and in ARCHITECTURE.md"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downwards(path):
    mine = home(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "itlim" or len(parts) < 2 or mine == "__init__" or parts[1] not in FLOOR:
            continue
        assert parts[1] == mine or FLOOR[parts[1]] < FLOOR[mine], f"{path.name} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_streamlit_stays_upstairs(path):
    if home(path) not in {"app", "pages", "ui"}:
        assert not {name for name in imports(path) if name.split(".")[0] == "streamlit"}


def test_sql_stays_in_the_store():
    for path in SOURCES:
        if home(path) != "store":
            assert "duckdb" not in imports(path), path


def test_heavy_libraries_load_only_when_asked_for():
    for path in SOURCES:
        relative = str(path.relative_to(ROOT))
        if not relative.startswith(LAZY) or path.name == "__init__.py":
            roots = {name.split(".")[0] for name in imports(path, top_level=True)}
            assert not roots & HEAVY, f"{relative} imports {roots & HEAVY}"


def test_no_page_lies_directly_in_pages():
    # Streamlit would serve it on a cold deep link without app.py.
    assert not list((ROOT / "pages").glob("*.py"))


def test_pages_are_thin_and_the_app_is_navigation_only():
    limits = {"pages": 80, "app": 40}
    for path in SOURCES:
        if home(path) in limits:
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= limits[home(path)], f"{path} has {lines} lines"


def test_modules_and_functions_stay_short():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        # A table of sentence templates: data, in Python so that it is typed.
        if path.stem != "demo_categories":
            assert len(text.splitlines()) <= 275, f"{path} is long"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = first.end_lineno if documented else node.lineno
                assert node.end_lineno - start <= 50, f"{path}: {node.name} is long"


def test_no_module_is_called_utils_or_helpers():
    assert not {path.stem for path in SOURCES} & {"utils", "helpers", "misc", "common"}
