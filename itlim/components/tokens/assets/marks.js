// Cursor and selection: on the surface, in memory in case the element is removed and drawn again,
// and in the reports to Python.

import { TokenTable } from "./token_table.js";

const CURSOR_PAUSE_MS = 500;
const SELECTION_PAUSE_MS = 150;

// State that outlives an element: marks per view, display settings per group of views.
const MEMORY = new Map();

export function recall(key, initial) {
  if (!MEMORY.has(key)) MEMORY.set(key, initial);
  return MEMORY.get(key);
}

/** Delayed actions by name; a new one replaces an earlier one of the same name. */
export class Timers {
  constructor() {
    this.running = new Map();
  }

  later(name, milliseconds, action) {
    this.cancel(name);
    this.running.set(name, setTimeout(action, milliseconds));
  }

  cancel(name) {
    clearTimeout(this.running.get(name));
  }

  cancelAll() {
    for (const name of this.running.keys()) this.cancel(name);
  }
}

export class ReaderMarks {
  /** `send(name, value)` reports to Python; `timers` are those of the view. */
  constructor(surface, timers, send) {
    this.surface = surface;
    this.timers = timers;
    this.send = send;
    this.table = new TokenTable({});
    this.snapToWords = () => true;
    this.memory = null;
    this.anchor = -1;
  }

  get cursor() {
    return this.surface.cursor;
  }

  get selection() {
    return this.surface.selection;
  }

  // ---- following the data

  /** Call before the tokens change: removes marks from tokens that are removed. */
  dropStale(sameDoc, kept) {
    if (sameDoc && (!this.selection || this.selection[1] <= kept)) return;
    this.surface.select(null);
    if (sameDoc) return;
    this.surface.moveCursor(-1);
    this.anchor = -1;
  }

  /**
   * Call after the tokens changed: applies the initial state from Python or, on a new element, the
   * state of the old one. Python knows both already, so neither is reported.
   */
  restore(table) {
    const before = this.memory;
    this.table = table;
    this.memory = recall(`marks/${table.data.view_key}`, { doc: null, followed: {} });
    if (this.memory.doc !== table.data.doc) {
      Object.assign(this.memory, { doc: table.data.doc, cursor: -1, selection: this.initialSelection() });
    } else if (before === this.memory) return;
    const { cursor, selection } = this.memory;
    if (cursor < table.length) this.surface.moveCursor(cursor);
    if (selection && selection[1] <= table.length) this.surface.select(selection);
    this.reportedCursor = cursor;
    this.reportedSelection = String(selection ?? "");
  }

  /** The initial selection, if it fits the tokens. */
  initialSelection() {
    const [start, stop] = this.table.data.selection ?? [0, 0];
    return start >= 0 && start < stop && stop <= this.table.length ? [start, stop] : null;
  }

  /** Whether a request from Python is new; each (doc, rev) is followed once. */
  isNewRequest(name, request) {
    const stamp = `${this.memory.doc}/${request.rev}`;
    if (this.memory.followed[name] === stamp) return false;
    this.memory.followed[name] = stamp;
    return true;
  }

  // ---- cursor

  place(position) {
    if (!this.table.length) return;
    const inside = Math.max(0, Math.min(this.table.length - 1, position));
    this.surface.moveCursor(inside);
    this.memory.cursor = inside;
  }

  reportCursorSoon() {
    this.timers.later("cursor", CURSOR_PAUSE_MS, () => this.reportCursor());
  }

  reportCursor() {
    this.timers.cancel("cursor");
    if (this.cursor < 0 || this.reportedCursor === this.cursor) return;
    this.reportedCursor = this.cursor;
    this.report("cursor", { position: this.cursor });
  }

  // ---- selection

  select(range) {
    this.surface.select(range);
    this.memory.selection = range;
    this.timers.later("selection", SELECTION_PAUSE_MS, () => this.reportSelection());
  }

  /** Select from the anchor to a token, snapped to words or tokens. */
  selectTo(position) {
    const first = Math.min(this.anchor, position);
    const last = Math.max(this.anchor, position);
    const words = this.snapToWords();
    const start = words ? this.table.wordBounds(first)[0] : first;
    const stop = words ? this.table.wordBounds(last)[1] : last + 1;
    this.select([start, stop]);
  }

  selectedText() {
    return this.selection ? this.table.textBetween(...this.selection) : "";
  }

  reportSelection() {
    this.timers.cancel("selection");
    const current = String(this.selection ?? "");
    if (this.reportedSelection === current) return;
    this.reportedSelection = current;
    const [start, stop] = this.selection ?? [0, 0]; // empty: nothing is selected
    this.report("selection", { start, stop });
  }

  // ---- reports

  /** Request a next step with the selection, or with the word at the cursor. */
  requestStep(step) {
    const [start, stop] = this.selection ?? this.table.wordBounds(this.cursor);
    // Everything is reported at once: a later report would arrive after the page has changed.
    this.reportCursor();
    this.reportSelection();
    this.report("trace", step ? { start, stop, step } : { start, stop });
    return [start, stop];
  }

  /** Every report contains its response and time, so that Python can recognize outdated ones. */
  report(name, value) {
    const ts = Math.round(performance.timeOrigin + performance.now());
    this.send(name, { doc: this.table.data.doc, ...value, ts });
  }
}
