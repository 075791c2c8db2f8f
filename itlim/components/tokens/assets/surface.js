// The tokens as elements: building, coloring, marking and finding them. A token is one span; its
// style is set by classes on that span, so that recoloring never rebuilds elements.

import { element, fillToken } from "../../shared/assets/visible_text.js";
import { CATEGORIES } from "./token_table.js";

const LAYER_KINDS = 4;
const UNDERLINE_KINDS = 3;

export class TokenSurface {
  constructor(body) {
    this.body = body;
    this.nodes = [];
    this.paints = [];
    this.cursor = -1;
    this.selection = null;
    this.layers = [];
    this.underlines = [];
    this.caret = element("span", "caret");
    this.caret.setAttribute("aria-hidden", "true");
  }

  /** Update the elements to match the table; the first `kept` of them stay. */
  rebuild(table, kept) {
    for (const node of this.nodes.splice(kept)) node.remove();
    this.paints.length = kept;
    if (this.cursor >= kept) this.cursor = -1;
    const fragment = document.createDocumentFragment();
    for (let position = kept; position < table.length; position++) {
      const node = this.tokenElement(table, position);
      this.nodes.push(node);
      this.paints.push("");
      fragment.append(node);
    }
    this.body.insertBefore(fragment, this.caret.parentNode ? this.caret : null);
  }

  tokenElement(table, position) {
    const node = element("span", "tok");
    node.id = `t${position}`;
    node.dataset.i = position;
    node.setAttribute("role", "option");
    node.setAttribute("aria-selected", "false");
    if (table.isEnd(position)) {
      node.classList.add("end");
      node.append(element("span", "chip", "end"));
      node.setAttribute("aria-label", "end of the response");
    } else if (table.isContinuation(position)) {
      node.classList.add("piece");
      node.setAttribute("aria-label", "continues the previous character");
    } else {
      fillToken(node, table.text(position));
    }
    node.classList.toggle("differs", table.differs(position));
    return node;
  }

  /** Color the tokens by category or by a metric's steps; changes only what differs. */
  paint(table, view) {
    const metric = table.metrics.get(view);
    for (let position = 0; position < this.nodes.length; position++) {
      const paint = metric
        ? `step-${table.step(metric, position)}`
        : CATEGORIES[table.category(position)];
      const before = this.paints[position];
      if (before === paint) continue;
      const classes = this.nodes[position].classList;
      if (before) classes.remove(before);
      classes.add(paint);
      this.paints[position] = paint;
    }
  }

  showCaret(shown) {
    if (shown) this.body.append(this.caret);
    else this.caret.remove();
  }

  moveCursor(position) {
    this.nodes[this.cursor]?.classList.remove("cursor");
    this.cursor = position;
    const node = this.nodes[position];
    if (!node) return this.body.removeAttribute("aria-activedescendant");
    node.classList.add("cursor");
    this.body.setAttribute("aria-activedescendant", node.id);
  }

  /** Mark [start, stop) as selected; null clears. Changes only tokens whose state differs. */
  select(range) {
    const covers = (span, position) => span !== null && span[0] <= position && position < span[1];
    const ends = [this.selection, range].filter(Boolean);
    const first = Math.min(...ends.map((span) => span[0]));
    const last = Math.min(this.nodes.length, Math.max(...ends.map((span) => span[1])));
    for (let position = first; position < last; position++) {
      const selected = covers(range, position);
      if (selected === covers(this.selection, position)) continue;
      this.nodes[position].classList.toggle("selected", selected);
      this.nodes[position].setAttribute("aria-selected", String(selected));
    }
    this.selection = range;
  }

  flash(position) {
    const node = this.nodes[position];
    if (!node) return;
    node.classList.remove("flash");
    void node.offsetWidth; // restarts the animation
    node.classList.add("flash");
    setTimeout(() => node.classList.remove("flash"), 1600);
  }

  /** Draw boxes around token ranges. Where two overlap, the later one is drawn. */
  drawLayers(layers) {
    for (const layer of this.layers) {
      for (const node of this.nodes.slice(layer.start, layer.stop)) {
        for (const name of [...node.classList]) if (name.startsWith("layer")) node.classList.remove(name);
        node.querySelector(".layer-label")?.remove();
      }
    }
    this.layers = layers;
    for (const layer of layers) {
      for (let position = layer.start; position < Math.min(layer.stop, this.nodes.length); position++) {
        const classes = this.nodes[position].classList;
        for (let kind = 0; kind < LAYER_KINDS; kind++) classes.remove(`layer-${kind}`);
        classes.add("layer", `layer-${layer.kind % LAYER_KINDS}`);
        classes.toggle("layer-first", position === layer.start);
        classes.toggle("layer-last", position === layer.stop - 1);
      }
      if (layer.label) {
        const label = element("span", "layer-label", layer.label);
        label.setAttribute("aria-hidden", "true");
        this.nodes[layer.start]?.append(label);
      }
    }
  }

  /** Draw lines below token ranges. Where two overlap, the later one is drawn. */
  drawUnderlines(lines) {
    for (const line of this.underlines) this.removeUnderline(line);
    this.underlines = lines;
    for (const line of lines) {
      this.removeUnderline(line);
      for (const node of this.nodes.slice(line.start, line.stop)) {
        node.classList.add("below", `below-${line.kind % UNDERLINE_KINDS}`);
      }
    }
  }

  removeUnderline({ start, stop }) {
    for (const node of this.nodes.slice(start, stop)) {
      node.classList.remove("below");
      for (let kind = 0; kind < UNDERLINE_KINDS; kind++) node.classList.remove(`below-${kind}`);
    }
  }

  // ---- geometry

  /** The first box of a token on screen; a token that wraps has several. */
  rect(position) {
    const node = this.nodes[position];
    return node.getClientRects()[0] ?? node.getBoundingClientRect();
  }

  lastRect(position) {
    const rects = this.nodes[position].getClientRects();
    return rects[rects.length - 1] ?? this.nodes[position].getBoundingClientRect();
  }

  /** Scroll to a token if it is not visible. */
  scrollToToken(position) {
    const rect = this.rect(position);
    const box = this.body.getBoundingClientRect();
    const hidden = rect.top < Math.max(0, box.top) || rect.bottom > Math.min(innerHeight, box.bottom);
    if (hidden) this.nodes[position].scrollIntoView({ block: "center" });
  }

  /** The token of an event's target, or -1. */
  tokenOf(target) {
    const node = target?.closest?.(".tok");
    return node && node.parentNode === this.body ? Number(node.dataset.i) : -1;
  }

  /** The token under a point, otherwise the nearest one, so that drags may leave the text. */
  tokenAt(x, y) {
    const hit = this.tokenOf(this.body.getRootNode().elementFromPoint(x, y));
    if (hit >= 0 || !this.nodes.length) return hit;
    let low = 0, high = this.nodes.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.nodes[middle].getBoundingClientRect().bottom < y) low = middle + 1;
      else high = middle;
    }
    return this.nearest(x, y, Math.max(0, low - 60), Math.min(this.nodes.length, low + 60));
  }

  nearest(x, y, from, to) {
    const outside = (value, low, high) => Math.max(low - value, 0, value - high);
    let best = from, shortest = Infinity;
    for (let position = from; position < to; position++) {
      for (const rect of this.nodes[position].getClientRects()) {
        // Lines take precedence: a token on the same line wins over a closer one on another line.
        const distance = outside(y, rect.top, rect.bottom) * 1e4 + outside(x, rect.left, rect.right);
        if (distance < shortest) [shortest, best] = [distance, position];
      }
    }
    return best;
  }

  /** The token above (-1) or below (1) another one. */
  lineNeighbor(position, direction) {
    const from = this.rect(position);
    const x = from.left + Math.min(8, from.width / 2);
    const height = parseFloat(getComputedStyle(this.body).lineHeight) || 28;
    let best = position, shortest = Infinity;
    for (let at = position; at >= 0 && at < this.nodes.length; at += direction) {
      const rect = this.rect(at);
      const down = (rect.top - from.top) * direction;
      if (down < height / 2) continue;
      if (down > height * 1.6) break;
      const distance = Math.abs(rect.left - x);
      if (distance < shortest) [shortest, best] = [distance, at];
    }
    return best;
  }
}
