"""The parts of the browser views that need no page, run by Node."""

import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from token_tables import EDGE_TEXTS

from itlim.components.shared.assets import assets_of, bundle
from itlim.components.shared.visible import visible_text
from itlim.errors import InputError
from itlim.settings import PROJECT_FOLDER

COMPONENTS = PROJECT_FOLDER / "itlim" / "components"
NODE = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
DEFINITION = re.compile(
    r"^(?:export )?(?:async )?(?:function|class|const|let) ([\w$]+)", re.MULTILINE
)


def node(*arguments: str, stdin: str = "") -> str:
    assert NODE, "Node is missing: install requirements-dev.txt, which has it."
    done = subprocess.run(
        [NODE, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", *arguments],
        cwd=PROJECT_FOLDER,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def evaluated(module: str, body: str, value: object) -> object:
    """What a JavaScript function body makes of a value, with a module's exports as `m`."""
    code = (
        f'import * as m from "./{(COMPONENTS / module).relative_to(PROJECT_FOLDER).as_posix()}";'
        "let text = ''; for await (const part of process.stdin) text += part;"
        f"const run = (value) => {{ {body} }};"
        "console.log(JSON.stringify(run(JSON.parse(text))));"
    )
    given = json.dumps(value, ensure_ascii=True)
    return json.loads(node("--input-type=module", "-e", code, stdin=given))


def test_the_unit_tests_in_javascript_pass():
    assert "# fail 0" in node("--test", "--test-reporter=tap", "tests/js/text.test.mjs")


def test_visible_text_agrees_with_the_python_implementation():
    chooser = random.Random(5)
    pool = "abc é日م👩\u200d👧 \n\t\u00a0\x00\x07\x1b\x7f\x85\u00ad"
    pool += "\u200b\u202e\u2028\u2069\ufeff\ufffd\ue000\U000e0041"
    samples = [*EDGE_TEXTS, *("".join(chooser.choices(pool, k=6)) for _ in range(300))]
    found = evaluated("shared/assets/visible_text.js", "return value.map(m.visibleText)", samples)
    assert found == [visible_text(text) for text in samples]


def test_utf_16_offsets_agree_with_python():
    texts = ["", "plain", "a🐶b👩‍👩‍👧é", "🇩🇪\r\n\u0301x", "𝒜" * 40 + "b"]
    body = """return value.map((text) => {
      const offsets = new m.TextOffsets(text);
      const units = Array.from({ length: offsets.length + 1 }, (_, at) => offsets.toUtf16(at));
      return [units, units.map((unit) => offsets.toCodePoint(unit)), offsets.slice(1, 3)];
    })"""
    for text, found in zip(texts, evaluated("marking/assets/offsets.js", body, texts), strict=True):
        units = [len(text[:at].encode("utf-16-le")) // 2 for at in range(len(text) + 1)]
        assert found == [units, list(range(len(text) + 1)), text[1:3]]


def test_no_name_is_defined_twice():
    names = Counter(
        name
        for path in COMPONENTS.glob("*/assets/*.js")
        for name in DEFINITION.findall(path.read_text(encoding="utf-8"))
    )
    assert not [name for name, count in names.items() if count > 1]


def test_a_bundle_has_every_imported_module_once_and_before_its_user(tmp_path):
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "c.js").write_text("export const c = 1;\n")
    (folder / "b.js").write_text(
        'import { c } from "./c.js";\n\nexport function b() { return c; }\n'
    )
    (folder / "a.js").write_text(
        'import {\n  b,\n} from "./b.js";\nimport { c } from "./c.js";\n'
        'import "./side.js";\n\nb(c);\n'
    )
    (folder / "side.js").write_text('import "./a.js";\nconst side = 2;\n')
    found = assets_of(str(tmp_path / "assets.py")).script("a.js")
    lines = [line for line in found.splitlines() if line]
    assert lines == ["const c = 1;", "function b() { return c; }", "const side = 2;", "b(c);"]


def test_a_missing_import_is_named(tmp_path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\n')
    with pytest.raises(InputError, match=r"b\.js does not exist"):
        bundle(tmp_path / "a.js")
