"""No text of data reaches Streamlit's Markdown unless a function of the app has made it text.

Streamlit interprets most strings as Markdown, so that `![x](https://evil.example)` in a name would
load an image. The test reads the source: in what is passed as such a string, each value of an
f-string must be a number, a constant, or come from a function that escapes it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from itlim.settings import PROJECT_FOLDER

UI = PROJECT_FOLDER / "itlim" / "ui"
INTERPRETED = {
    "badge", "button", "caption", "checkbox", "divider", "download_button", "error", "expander",
    "file_uploader", "form_submit_button", "header", "info", "link_button", "markdown", "metric",
    "multiselect", "number_input", "page_link", "pills", "popover", "progress", "radio",
    "segmented_control", "selectbox", "spinner", "status", "subheader", "success", "tabs",
    "text_area", "text_input", "title", "toast", "toggle", "upload_field", "upload_fields",
    "warning", "write",
}  # fmt: skip
"""Calls whose first argument is Markdown."""
KEYWORDS = {"help", "label", "text", "body"}
"""Further arguments that are Markdown."""
OF_OPTIONS = {"pills", "radio", "segmented_control"}
"""Calls whose options are Markdown, too; those of other fields are shown as they are."""
ESCAPING = {
    "as_markdown", "shown_message", "message_as_markdown", "without_images",
    # These return numbers and words of the app.
    "_duration", "_share", "_signed", "_size", "count", "format_figure", "len", "plural",
    "time_in_words", "time_left",
}  # fmt: skip
NUMBERS = tuple("defgGn%,")
REVIEWED = {
    "adjudicate/agreement_panel.py": {"report.unit"},
    "adjudicate/exchange_panel.py": {"'; '.join(lost)"},
    "adjudicate/proposals.py": {"one.consensus"},
    "ask/answer.py": {"_who(run)"},
    "ask/figures.py": {"metric_for(metric).title"},
    "data_models/batches.py": {"state.value"},
    "data_models/dataset_form.py": {"size", "name"},
    "data_models/derive_form.py": {"fate"},
    "data_models/derived_view.py": {"fate"},
    "data_models/remote_pairs.py": {"role", "title"},
    "data_models/stored_runs.py": {"table.num_rows"},
    "demo/report.py": {"name"},
    "findings/compare.py": {"title"},
    "findings/sections.py": {"axis_title"},
    "judge_pairs/counts.py": {"found.percent.undefined", "found.n_people"},
    "judge_pairs/judging.py": {
        "progress.submitted", "mine", "skipped", "number", "statement", "side.capitalize()",
        "claim",
    },
    "mark/item.py": {
        "progress.submitted", "skipped", "progress.left + progress.open", "progress.total",
    },
    "mark/item_list.py": {"number"},
    "mark/study_admin.py": {"study.open_batch + 1", "study.seed"},
    "shared/backup_panel.py": {"_described(newest)"},
    "shared/endpoint.py": {"what"},
    "shared/tracing/indexes.py": {"icon"},
    "test/measured.py": {
        "new_answer_sentence(truth.removal, right)", "others_sentence(truth.removal)",
    },
    "test/retrain_choice.py": {"models", "cost"},
    "trace/influence.py": {"gradients.parameters"},
    "trace/search.py": {"min(len(hits), SHOWN)"},
}  # fmt: skip
"""Values that are words or numbers of the app, or escaped before, by module."""


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Every call that draws Markdown, with the innermost function around it."""

    def walk(node: ast.AST, around: ast.AST) -> Iterator[tuple[ast.Call, ast.AST]]:
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            around = node if isinstance(node, ast.FunctionDef) else around
        if isinstance(node, ast.Call) and name_of(node.func) in INTERPRETED:
            yield node, around
        for child in ast.iter_child_nodes(node):
            yield from walk(child, around)

    yield from walk(tree, tree)


def name_of(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def shown(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that are Markdown."""
    name = name_of(call.func)
    yield from call.args[: 0 if name == "progress" else 2 if name == "page_link" else 1]
    for keyword in call.keywords:
        if keyword.arg in KEYWORDS:
            yield keyword.value
        if keyword.arg == "format_func" and name in OF_OPTIONS:
            yield keyword.value.body if isinstance(keyword.value, ast.Lambda) else keyword.value


def parts(node: ast.expr, around: ast.AST, seen: frozenset[str] = frozenset()):
    """The values of f-strings in an expression that nothing has escaped."""
    if isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from interpolated(value, around, seen)
    elif isinstance(node, ast.Name) and node.id not in seen:
        for value in assigned(node.id, around):
            yield from parts(value, around, seen | {node.id})
    elif isinstance(node, ast.Call):
        if name_of(node.func) == "join" and node.args:
            yield from parts(node.args[0], around, seen)
        elif name_of(node.func) not in ESCAPING:
            for argument in node.args:
                yield from parts(argument, around, seen)
    elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.IfExp, ast.List, ast.Tuple)):
        children = [node.body, node.orelse] if isinstance(node, ast.IfExp) else None
        for child in children or ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from parts(child, around, seen)
    elif isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        yield from parts(node.elt, around, seen)


def interpolated(value: ast.FormattedValue, around: ast.AST, seen: frozenset[str]):
    """The value itself if it is neither a number nor escaped."""
    spec = ast.unparse(value.format_spec)[2:-1] if value.format_spec else ""
    if spec.endswith(NUMBERS) or "%H" in spec:
        return
    node = value.value
    if is_safe(node, around, seen):
        return
    if isinstance(node, ast.Name) and (known := list(assigned(node.id, around))):
        found = [one for one in known if not is_safe(one, around, seen | {node.id})]
        if not found:
            return
    yield ast.unparse(node)


def is_safe(node: ast.expr, around: ast.AST, seen: frozenset[str]) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name):
        if node.id.isupper() or node.id.strip("_").isupper():
            return True
        known = [] if node.id in seen else list(assigned(node.id, around))
        return bool(known) and all(is_safe(one, around, seen | {node.id}) for one in known)
    if isinstance(node, ast.Attribute):
        return node.attr.isupper()
    if isinstance(node, ast.Subscript):
        return is_safe(node.value, around, seen)
    if isinstance(node, ast.IfExp):
        return all(is_safe(one, around, seen) for one in (node.body, node.orelse))
    if isinstance(node, (ast.BinOp, ast.BoolOp)):
        children = node.values if isinstance(node, ast.BoolOp) else [node.left, node.right]
        return all(is_safe(one, around, seen) for one in children)
    if isinstance(node, ast.JoinedStr):
        return not list(parts(node, around, seen))
    if isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        return is_safe(node.elt, around, seen)
    if isinstance(node, (ast.List, ast.Tuple)):
        return all(is_safe(one, around, seen) for one in node.elts)
    if isinstance(node, ast.Call):
        if name_of(node.func) == "join":
            return is_safe(node.args[0], around, seen)
        if isinstance(node.func, ast.Attribute) and not node.args:
            return is_safe(node.func.value, around, seen)
        return name_of(node.func) in ESCAPING
    return False


def assigned(name: str, around: ast.AST) -> Iterator[ast.expr]:
    """What is assigned to a name in a function."""
    for node in ast.walk(around):
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        ):
            yield node.value
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and len(target.elts) == len(node.value.elts):
                    for one, value in zip(target.elts, node.value.elts, strict=True):
                        if isinstance(one, ast.Name) and one.id == name:
                            yield value
        elif isinstance(node, ast.AugAssign) and getattr(node.target, "id", "") == name:
            yield node.value


def unescaped(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every value that reaches Markdown as it is."""
    for call, around in calls(ast.parse(source)):
        for argument in shown(call):
            for value in parts(argument, around):
                yield call.lineno, value


@pytest.mark.parametrize(
    "source",
    [
        "st.caption(f'by {run.pair}')",
        "st.button('Open', help=f'Open {name}')",
        "def f():\n    title = f'Marked in {pair}'\n    st.expander(title)",
        "def f():\n    text = run.text\n    left.markdown(f'**{text}**')",
        "st.write('a' + f'{one.name} is removed')",
        "st.progress(0.5, text=f'{work.phase} …')",
        "st.pills('Span', ids, format_func=lambda one: f'{marks[one].quote}')",
        "st.page_link('page.py', label=f'Open {name}')",
        "st.caption(', '.join(f'{name}' for name in names))",
        "st.info(f'{name:.20}')",
    ],
)
def test_a_value_that_is_not_escaped_is_found(source):
    assert list(unescaped(source))


@pytest.mark.parametrize(
    "source",
    [
        "st.caption(f'by {as_markdown(run.pair)}')",
        "st.caption(f'{n:,} of {plural(m, \"row\")} at {share:.0%} on {day:%Y-%m-%d %H:%M}')",
        "def f():\n    name = as_markdown(run.pair)\n    st.info(f'{name} is gone')",
        "st.caption(f'{MEANING}')",
        "st.text(f'{run.pair}')",
        "st.button('Open', key=f'open-{run_id}')",
        "st.caption(f\"{', '.join(as_markdown(one) for one in names)}\")",
    ],
)
def test_a_value_that_is_escaped_or_a_number_is_not_reported(source):
    assert not list(unescaped(source))


@pytest.mark.parametrize(
    "path", sorted(UI.rglob("*.py")), ids=lambda path: path.relative_to(UI).as_posix()
)
def test_no_value_reaches_markdown_as_it_is(path: Path):
    reviewed = REVIEWED.get(path.relative_to(UI).as_posix(), set())
    found = [
        f"line {line}: {value}"
        for line, value in unescaped(path.read_text(encoding="utf-8"))
        if value not in reviewed
    ]
    assert found == []
