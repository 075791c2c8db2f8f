// Where the reader is: cursor and selection, on the surface, in memory should the element be
// thrown away and drawn again, and in what Python is told.

import { TokenTable } from "./token_table.js";

const CURSOR_PAUSE_MS = 500;
const SELECTION_PAUSE_MS = 150;

// What outlives an element: marks by view, looks by group of views.
const MEMORY = new Map();

export function recall(key, initial) {
  if (!MEMORY.has(key)) MEMORY.set(key, initial);
  return MEMORY.get(key);
}

/** Actions put off by name; a new one of the same name replaces the old. */
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
  /** `send(name, value)` tells Python; `timers` are the view's. */
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

  /** Before the tokens change: marks on tokens that go, go with them. */
  letGo(sameDoc, kept) {
    if (sameDoc && (!this.selection || this.selection[1] <= kept)) return;
    this.surface.select(null);
    if (sameDoc) return;
    this.surface.moveCursor(-1);
    this.anchor = -1;
  }

  /**
   * After the tokens changed: begin with what Python asks for, or, on a fresh element, with what
   * the old one had. Python knows both already, so neither is reported.
   */
  take(table) {
    const before = this.memory;
    this.table = table;
    this.memory = recall(`marks/${table.data.view_key}`, { doc: null, followed: {} });
    if (this.memory.doc !== table.data.doc) {
      Object.assign(this.memory, { doc: table.data.doc, cursor: -1, selection: this.seed() });
    } else if (before === this.memory) return;
    const { cursor, selection } = this.memory;
    if (cursor < table.length) this.surface.moveCursor(cursor);
    if (selection && selection[1] <= table.length) this.surface.select(selection);
    this.toldCursor = cursor;
    this.toldSelection = String(selection ?? "");
  }

  /** The selection to begin with, if it fits the tokens there are. */
  seed() {
    const [start, stop] = this.table.data.selection ?? [0, 0];
    return start >= 0 && start < stop && stop <= this.table.length ? [start, stop] : null;
  }

  /** Whether Python's request of this name is new; each (doc, rev) is followed once. */
  isNews(name, request) {
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
    if (this.cursor < 0 || this.toldCursor === this.cursor) return;
    this.toldCursor = this.cursor;
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
    const told = String(this.selection ?? "");
    if (this.toldSelection === told) return;
    this.toldSelection = told;
    const [start, stop] = this.selection ?? [0, 0]; // empty: nothing is selected any more
    this.report("selection", { start, stop });
  }

  // ---- reports

  /** Ask for the source of the selection, or of the word under the cursor. */
  requestTrace() {
    const [start, stop] = this.selection ?? this.table.wordBounds(this.cursor);
    // All at once: a report that came later would find the page gone, and call it back.
    this.reportCursor();
    this.reportSelection();
    this.report("trace", { start, stop });
    return [start, stop];
  }

  /** Every report names its response and time, so that Python can tell old from new. */
  report(name, value) {
    const ts = Math.round(performance.timeOrigin + performance.now());
    this.send(name, { doc: this.table.data.doc, ...value, ts });
  }
}
