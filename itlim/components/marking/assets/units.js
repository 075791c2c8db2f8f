// Units to which selections snap: ascending half-open ranges of code points. Does not use the DOM.

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

  /** Index of the unit at an offset; between two units the following one, at the end the last. */
  at(offset) {
    return Math.min(countBelow(this.stops, offset + 1), this.length - 1);
  }

  /** The range from the first to the last unit that a range touches; null if it touches none. */
  touching(start, stop) {
    const first = countBelow(this.stops, start + 1);
    const last = countBelow(this.starts, stop) - 1;
    return first <= last ? [this.starts[first], this.stops[last]] : null;
  }

  /** The next start of a unit after (`step` 1) or before (-1) an offset; null if none. */
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

/** Ranges of grapheme clusters, which readers perceive as characters. */
export function characterRanges(offsets) {
  const edges = [];
  if (typeof Intl.Segmenter === "function") {
    for (const { index } of new Intl.Segmenter().segment(offsets.text)) edges.push(offsets.toCodePoint(index));
  } else {
    for (let at = 0; at < offsets.length; at++) edges.push(at);
  }
  return edges.map((start, index) => [start, edges[index + 1] ?? offsets.length]);
}
