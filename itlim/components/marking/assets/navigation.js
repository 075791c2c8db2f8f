// Caret movement: the unit beside or below the caret, or at the end of its line.

export class Navigation {
  constructor(surface) {
    this.surface = surface;
  }

  /** The unit before or after the caret's; null at the end of the text. */
  beside(units, caret, step) {
    return units.ranges[units.at(caret) + step] ?? null;
  }

  /** The unit on the next line that is nearest to the column of the caret. */
  below(units, caret, step) {
    const from = this.boxOf(units, caret);
    if (!from) return null;
    this.column ??= (from.left + from.right) / 2;
    const y = (from.top + from.bottom) / 2 + step * this.surface.lineHeight();
    return this.unitAt(units, this.column, y, step);
  }

  lineEnd(units, caret, step) {
    const from = this.boxOf(units, caret);
    if (!from) return null;
    const rightToLeft = this.surface.isRightToLeft(caret);
    const x = step > 0 === rightToLeft ? -1e5 : 1e5;
    return this.unitAt(units, x, (from.top + from.bottom) / 2, 0);
  }

  boxOf(units, caret) {
    const unit = units.ranges[units.at(caret)];
    return unit ? this.surface.boxes(...unit)[0] : null;
  }

  /**
   * The unit at a position within the text, on the line at `y`. If that line is empty, `step`
   * determines whether the unit before or after it is returned.
   */
  unitAt(units, x, y, step) {
    const origin = this.surface.node.getBoundingClientRect();
    const cell = this.surface.cellAt(origin.left + x, origin.top + y);
    if (!cell) return null;
    const next = units.at(cell[0]);
    const beside = [next, next - 1].map((index) => units.ranges[index]).filter(Boolean);
    const onLine = beside.find((unit) => this.surface.boxes(...unit).some((box) => box.top < y && y < box.bottom));
    return onLine ?? (step > 0 ? units.ranges[next] : step < 0 ? units.ranges[next - 1] : null) ?? null;
  }
}
