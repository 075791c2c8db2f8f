// The rendered text: positions of code points on the screen, and code points at screen positions.
// The text is divided into words and never by marks, so ligatures and line breaks do not change.

import {
  INVISIBLE,
  RIGHT_TO_LEFT,
  codePointName,
  element,
} from "../../shared/assets/visible_text.js";
import { countBelow } from "./offsets.js";
import { Units, characterRanges } from "./units.js";

const SPECIAL_PART = new RegExp(`(\\r\\n|[\\n\\t\\u00a0]|${INVISIBLE.source})`, "u");
const SPACES = { "\t": "tab", "\u00a0": "no-break" };
const BREAKS = { "\n": "↵", "\r\n": "CR↵" };

export class TextSurface {
  constructor(node) {
    this.node = node;
    this.atoms = [];
  }

  fill(offsets, words) {
    this.offsets = offsets;
    this.cells = new Units(characterRanges(offsets));
    this.atoms = [];
    const nodes = document.createDocumentFragment();
    let at = 0;
    for (const [start, stop] of [...words, [offsets.length, offsets.length]]) {
      this.addPiece(nodes, at, start);
      this.addPiece(nodes, start, stop);
      at = stop;
    }
    this.node.replaceChildren(nodes);
    this.starts = this.atoms.map((atom) => atom.start);
  }

  addPiece(nodes, start, stop) {
    let at = start;
    for (const part of this.offsets.slice(start, stop).split(SPECIAL_PART)) {
      if (!part) continue;
      const atom = atomOf(part, at);
      at = atom.stop;
      this.atoms.push(atom);
      nodes.append(atom.node);
    }
  }

  // ---- from text to screen

  /** A DOM position before a code point, or after one at the end of a range. */
  boundary(offset, ending) {
    const atom = this.atoms[countBelow(this.starts, ending ? offset : offset + 1) - 1];
    if (atom.text) {
      const unit = this.offsets.toUtf16(offset) - this.offsets.toUtf16(atom.start);
      return [atom.text, Math.min(unit, atom.text.length)];
    }
    const inside = [...atom.node.childNodes].indexOf(atom.glyph);
    return [atom.node, ending ? inside + 1 : inside];
  }

  range(start, stop) {
    const range = document.createRange();
    range.setStart(...this.boundary(start, false));
    range.setEnd(...this.boundary(stop, true));
    return range;
  }

  /** Boxes of a range, relative to the text in CSS pixels: at least one per line, of equal height. */
  boxes(start, stop) {
    if (start >= stop || !this.atoms.length) return [];
    const origin = this.node.getBoundingClientRect();
    const rects = [...this.range(start, stop).getClientRects()].filter((rect) => rect.width > 0.5);
    return joinedBoxes(rects, this.textHeight()).map((box) => ({
      left: box.left - origin.left,
      right: box.right - origin.left,
      top: box.top - origin.top,
      bottom: box.bottom - origin.top,
    }));
  }

  /** Scroll a range into view, clear of sticky elements. */
  reveal(start, stop) {
    const rect = this.range(start, stop).getBoundingClientRect();
    if (rect.top >= 130 && rect.bottom <= window.innerHeight - 90) return;
    this.atoms[countBelow(this.starts, start + 1) - 1].node.scrollIntoView({ block: "center" });
  }

  textHeight() {
    return parseFloat(getComputedStyle(this.node).fontSize) * 1.28;
  }

  lineHeight() {
    return parseFloat(getComputedStyle(this.node).lineHeight);
  }

  /** Whether the text at an offset runs from right to left. */
  isRightToLeft(offset) {
    return RIGHT_TO_LEFT.test(this.offsets.slice(offset, offset + 1));
  }

  // ---- from screen to text

  /** The character nearest to a point in the window, as [start, stop); null without text. */
  cellAt(x, y) {
    const atom = this.nearestAtom(x, y);
    if (!atom) return null;
    const first = this.cells.at(atom.start);
    const last = this.cells.at(atom.stop - 1);
    let best = first;
    let least = Infinity;
    for (let index = first; index <= last && atom.text; index++) {
      const [start, stop] = this.cells.ranges[index];
      const range = this.range(Math.max(start, atom.start), Math.min(stop, atom.stop));
      for (const rect of range.getClientRects()) {
        const distance = distanceTo(rect, x, y);
        if (distance < least) [best, least] = [index, distance];
      }
    }
    return this.cells.ranges[best];
  }

  /** Lines are ordered by height, so the line is found by binary search. */
  nearestAtom(x, y) {
    const reach = this.lineHeight();
    let low = 0;
    let high = this.atoms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.atoms[middle].node.getBoundingClientRect().bottom < y - reach) low = middle + 1;
      else high = middle;
    }
    let best = this.atoms[Math.min(low, this.atoms.length - 1)];
    let least = Infinity;
    for (const atom of this.atoms.slice(low)) {
      const rects = [...(atom.glyph ?? atom.node).getClientRects()];
      if (rects.length && rects[0].top > y + reach) break;
      for (const rect of rects) {
        const distance = distanceTo(rect, x, y);
        if (distance < least) [best, least] = [atom, distance];
      }
    }
    return best;
  }
}

function atomOf(part, start) {
  const node = element("span", "atom");
  const atom = { start, stop: start + [...part].length, node, text: null, glyph: null };
  if (BREAKS[part]) {
    atom.glyph = element("span", "break", BREAKS[part]);
    node.append(atom.glyph, "\n");
  } else if (INVISIBLE.test(part) && !SPACES[part]) {
    atom.glyph = element("span", "chip", codePointName(part));
    node.append(atom.glyph);
  } else {
    node.textContent = part;
    atom.text = node.firstChild;
    if (SPACES[part]) node.classList.add("space", SPACES[part]);
  }
  return atom;
}

/** Distance in pixels, weighted so that other lines are always farther. */
function distanceTo(rect, x, y) {
  const across = Math.max(rect.left - x, 0, x - rect.right);
  const down = Math.max(rect.top - y, 0, y - rect.bottom);
  return across + 1000 * down;
}

/** Merge adjacent rects of a line into boxes of the given height, centered on them. */
function joinedBoxes(rects, height) {
  const boxes = [];
  const ordered = rects
    .map(({ left, right, top, bottom }) => ({ left, right, middle: (top + bottom) / 2 }))
    .sort((one, other) => (Math.abs(one.middle - other.middle) > height / 2 ? one.middle - other.middle : one.left - other.left));
  for (const { left, right, middle } of ordered) {
    const last = boxes.at(-1);
    if (last && Math.abs(last.middle - middle) <= height / 2 && left <= last.right + 2) {
      last.right = Math.max(last.right, right);
    } else boxes.push({ left, right, middle });
  }
  return boxes.map(({ left, right, middle }) => ({ left, right, top: middle - height / 2, bottom: middle + height / 2 }));
}
