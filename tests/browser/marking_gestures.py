"""Mouse and keyboard gestures in the mark view, and the state that they change."""

from playwright.sync_api import Locator, Page


def box_of(page: Page, quote: str, nth: int = 0) -> dict:
    """Bounding box, in the window, of a quote that does not wrap."""
    return page.locator(".mv-text").evaluate(
        """(text, [quote, nth]) => {
          const nodes = [], walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
          let whole = "";
          while (walker.nextNode()) {
            nodes.push([whole.length, walker.currentNode]);
            whole += walker.currentNode.data;
          }
          let at = -1;
          for (let i = 0; i <= nth; i++) at = whole.indexOf(quote, at + 1);
          const spot = (offset) => {
            const [start, node] = nodes.findLast(([start]) => start <= offset);
            return [node, offset - start];
          };
          const range = document.createRange();
          range.setStart(...spot(at));
          const [node, last] = spot(at + quote.length - 1);
          range.setEnd(node, last + 1);
          const { x, y, width, height } = range.getBoundingClientRect();
          return { x, y, width, height };
        }""",
        [quote, nth],
    )


def drag(page: Page, start: str, stop: str) -> None:
    """Press within the first quote, move, and release within the second."""
    first, last = box_of(page, start), box_of(page, stop)
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(first["x"] + first["width"] / 2 + 6, first["y"] + first["height"] / 2)
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=4)
    page.mouse.up()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def focus_text(page: Page) -> None:
    page.locator(".mv-text").focus()


def rows(page: Page) -> Locator:
    return page.locator(".mv-list .row")


def quotes(page: Page) -> list[str]:
    return page.locator(".mv-list .quote").all_text_contents()
