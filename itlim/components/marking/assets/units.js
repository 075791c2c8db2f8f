// What a selection snaps to: ascending half-open ranges of code points. No DOM in here.

import { countBelow } from "./offsets.js";

export const SNAPS = ["words", "tokens", "characters"];

export class Units {
  constructor(ranges) {
    this.ranges = ranges;
    this.starts = ranges.map(([start]) => start);
    this.stops = ranges.map(([, stop]) => stop);
  }

  get length() {
    return this.ranges.length;
  }

  /** Index of the unit at an offset; between two units, of the one that follows, else the last. */
  at(offset) {
    return Math.min(countBelow(this.stops, offset + 1), this.length - 1);
  }

  /** From the first to the last unit that a range touches, or null if it touches none. */
  touching(start, stop) {
    const first = countBelow(this.stops, start + 1);
    const last = countBelow(this.starts, stop) - 1;
    return first <= last ? [this.starts[first], this.stops[last]] : null;
  }

  /** The next place where a unit begins, `step` 1 after or -1 before an offset; null if none. */
  nextStart(offset, step) {
    return nextIn(this.starts, offset, step);
  }

  nextStop(offset, step) {
    return nextIn(this.stops, offset, step);
  }
}

function nextIn(numbers, offset, step) {
  const index = step > 0 ? countBelow(numbers, offset + 1) : countBelow(numbers, offset) - 1;
  return numbers[index] ?? null;
}

/** Grapheme clusters: what a reader takes for one character. */
export function characterRanges(offsets) {
  const edges = [];
  if (typeof Intl.Segmenter === "function") {
    for (const { index } of new Intl.Segmenter().segment(offsets.text)) edges.push(offsets.toCodePoint(index));
  } else {
    for (let at = 0; at < offsets.length; at++) edges.push(at);
  }
  return edges.map((start, index) => [start, edges[index + 1] ?? offsets.length]);
}
