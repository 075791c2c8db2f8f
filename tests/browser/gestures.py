"""Mouse and keyboard gestures in a token view, and the state that they change."""

import json

import pyarrow as pa
from playwright.sync_api import Page
from token_tables import run_row

from itlim.components.tokens import assets
from itlim.components.tokens.html_page import json_for_script
from itlim.components.tokens.payload import run_payload

BARE_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Token view</title>
<style>{style}</style></head><body>{markup}
<script type="application/json" id="data">{data}</script>
<script>{script}
window.sent = [];
const send = (name, value) => sent.push([name, value]);
window.view = new TokenView(document.querySelector(".tv"), send);
view.update(JSON.parse(document.getElementById("data").textContent));
</script></body></html>"""


def view_data(tokens: pa.Table, **changes) -> dict:
    """The data that a mount passes to the view."""
    thresholds = {"marginal_above": 1, "shifted_above": 3}
    payload = run_payload(run_row(tokens), tokens)
    return payload | {"view_key": "v", "thresholds": thresholds} | changes


def bare_page(tokens: pa.Table, **changes) -> str:
    """A page with only the view, as `window.view`, and its reports, in `window.sent`."""
    return BARE_PAGE.format(
        style=assets.style_sheet(),
        markup=assets.markup(),
        data=json_for_script(view_data(tokens, **changes)),
        script=assets.view_script(),
    )


def update(page: Page, tokens: pa.Table, **changes) -> None:
    """Pass new data to a bare view, as a script run would."""
    page.evaluate("data => view.update(data)", view_data(tokens, **changes))


def wait_for_report(page: Page, name: str, **expected) -> None:
    """Wait until the last report of this name has these values; None waits for a null."""
    page.wait_for_function(
        """([name, expected]) => {
          const value = sent.filter(([sentName]) => sentName === name).at(-1)?.[1];
          if (value === undefined) return false;
          return Object.entries(JSON.parse(expected)).every(([k, v]) => (value ?? {})[k] === v);
        }""",
        arg=[name, json.dumps(expected)],
    )


def token(page: Page, position: int):
    return page.locator(f"#t{position}")


def point_at(page: Page, position: int) -> None:
    box = token(page, position).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def selected(page: Page) -> list[int]:
    marked = page.locator(".tok.selected")
    return marked.evaluate_all("nodes => nodes.map(node => Number(node.dataset.i))")


def drag(page: Page, start: int, stop: int) -> None:
    """Press inside one token, move in steps, release inside another."""
    first, last = token(page, start).bounding_box(), token(page, stop).bounding_box()
    page.mouse.move(first["x"] + first["width"] * 0.6, first["y"] + 9)
    page.mouse.down()
    page.mouse.move(first["x"] + first["width"] * 0.6 + 6, first["y"] + 9, steps=2)
    page.mouse.move(last["x"] + last["width"] * 0.4, last["y"] + 9, steps=5)
    page.mouse.up()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
