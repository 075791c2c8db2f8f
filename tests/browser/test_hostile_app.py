"""All pages over hostile data: no script runs, no request leaves, and no element is made of it."""

from urllib.parse import urlencode

import pytest
from hostile_data import HOST, NAME, RUN_ID, fill
from playwright.sync_api import expect
from servers import ROOT, streamlit_server, warm_up

from itlim.library import load_library

pytestmark = [pytest.mark.browser, pytest.mark.full]
ADDRESSES = [
    ("", {"run": RUN_ID}),
    ("", {"ask": "![zq](https://evil.example/x.png) <img src=x>"}),
    ("", {"run": "![zq](https://evil.example/x.png)"}),
    ("trace", {"run": RUN_ID, "span": "0-30"}),
    ("trace", {"run": RUN_ID, "datasets": "![zq](https://evil.example/a.png)"}),
    ("trace", {"view": "Search", "q": "![zq](x)", "datasets": NAME}),
    ("test", {"run": RUN_ID, "span": "0-30"}),
    ("mark", {"study": "dogs"}),
    ("adjudicate", {"study": "dogs", "item": "item-zq"}),
    ("judge-pairs", {}),
    ("data-models", {"part": "Datasets"}),
    ("data-models", {"part": "Model pairs"}),
    ("data-models", {"part": "Stored runs"}),
    ("findings", {"pairs": NAME}),
    ("evidence", {}),
    ("tour", {}),
]
# Elements that hostile text would become, wherever it is interpreted as HTML or Markdown. Words
# between backticks are shown as code in messages, by design.
MADE = f"""() => {{
  const found = [];
  const look = (root) => {{
    for (const node of root.querySelectorAll("*")) {{
      const address = node.getAttribute("src") ?? node.getAttribute("href") ?? "";
      const host = URL.parse(address, location.href)?.host ?? "";
      const own = [...node.childNodes].filter((one) => one.nodeType === 3)
        .map((one) => one.data).join("");
      if (host.includes("{HOST}") || address.startsWith("javascript:")
          || node.localName === "zq-tag" || node.hasAttribute("onerror")
          || (node.localName === "strong" && own === "zqbold")
          || (own === "zqred" && node.localName === "span" && !node.classList.contains("atom"))
          || node.classList.contains("katex")) found.push(node.outerHTML.slice(0, 300));
      if (node.shadowRoot) look(node.shadowRoot);
    }}
  }};
  look(document);
  return found;
}}"""


@pytest.fixture(scope="module")
def hostile_app(tmp_path_factory):
    from itlim.store.connection import Store
    from itlim.trace import build_index

    home = tmp_path_factory.mktemp("home")
    with Store(home / "itlim.duckdb"):
        pass
    fill(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(home))
        for name in ("demo", NAME):
            build_index(load_library().dataset(name), lexical_only=True)
    database = str(home / "itlim.duckdb")
    with streamlit_server(ROOT / "app.py", home, ITLIM_HOME=str(home), ITLIM_DB=database) as url:
        warm_up(url)
        yield url


def shows(page, address):
    """Open an address as the annotator zoe and wait until the script run has ended."""
    page.context.add_cookies([{"name": "itlim_name", "value": "zoe", "url": address}])
    page.goto(address)
    expect(page.get_by_test_id("stMainBlockContainer")).to_be_visible(timeout=60_000)
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=90_000)
    for box in page.get_by_test_id("stExpander").all():
        summary = box.locator("summary").first
        if box.locator("details").first.get_attribute("open") is None:
            summary.click()
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=90_000)


@pytest.mark.parametrize(("path", "query"), ADDRESSES)
def test_nothing_is_made_of_hostile_texts(page, hostile_app, path, query):
    shows(page, f"{hostile_app}/{path}?{urlencode(query)}")
    assert page.evaluate(MADE) == []
    assert page.evaluate("window.zqran") is None
    assert page.get_by_test_id("stException").count() == 0
    page.context.clear_cookies()


def test_the_check_finds_elements_that_are_made(page):
    page.set_content(
        f"<p><a href='https://{HOST}/b'>x</a><strong>zqbold</strong><zq-tag>x</zq-tag></p>"
    )
    assert len(page.evaluate(MADE)) == 3


def test_a_direction_control_in_a_name_does_not_reorder_the_words_beside_it(page, hostile_app):
    shows(page, f"{hostile_app}/adjudicate?study=dogs&item=item-zq")
    shown = page.locator("bdi", has_text="zq").first
    expect(shown).to_be_visible()
    assert shown.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"
