// Conversion between code points, the unit of all offsets, and UTF-16 units. Does not use the DOM.

/** Number of elements of an ascending list that are less than `value`. */
export function countBelow(numbers, value) {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class TextOffsets {
  constructor(text) {
    this.text = text;
    // Only characters above U+FFFF take two units; before the first one, both counts are equal.
    this.wide = [];
    let at = 0;
    for (const character of text) {
      if (character.length === 2) this.wide.push(at);
      at++;
    }
    this.length = at;
    this.wideUnits = this.wide.map((point, index) => point + index);
  }

  toUtf16(point) {
    return point + countBelow(this.wide, point);
  }

  toCodePoint(unit) {
    return unit - countBelow(this.wideUnits, unit);
  }

  slice(start, stop) {
    return this.text.slice(this.toUtf16(start), this.toUtf16(stop));
  }
}
