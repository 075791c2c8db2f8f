// The annotator's operations on marks. Each one is one event, or two that belong together.

import { newId } from "./edit_queue.js";
import { MarkView } from "./mark_view.js";

// Time for the second press that confirms a submission without marks.
const CONFIRM_WITHIN_MS = 5000;

const EDITING = {
  addEdit(kind, payload) {
    this.queue.add(kind, payload, this.memory.time.take());
    this.refresh();
  },

  // ---- choosing a mark

  choose(id, { silent = false } = {}) {
    if (id === this.chosen) return;
    this.memory.chosen = id;
    if (id !== null) this.memory.selection = this.anchor = null;
    this.drawing.drawSelection(this.selection);
    this.drawCaret();
    this.showChoice();
    const stop = this.chosenStop;
    if (!stop) return;
    this.memory.caret = stop.start;
    this.list.reveal(id);
    if (silent) return;
    this.surface.reveal(stop.start, stop.stop);
    this.announce(`${stop.suggested ? "Suggestion" : this.titleOf(stop.label)}: ${stop.quote}`);
  },

  /** A click on a line or tag chooses its mark; in the text, the innermost mark, then the next. */
  clicked(cell, id) {
    const covering = this.covering(cell);
    const at = covering.findIndex((stop) => stop.id === this.chosen);
    const next = id ?? covering[(at + 1) % covering.length]?.id;
    this.select(null);
    if (next !== undefined) return this.choose(next);
    this.memory.chosen = null;
    this.memory.caret = cell[0];
    this.navigation.column = null;
    this.drawCaret();
    this.showChoice();
  },

  /** Marks and suggestions that cover a character, innermost first. */
  covering([start, stop]) {
    return this.stops
      .filter((one) => one.start < stop && start < one.stop)
      .sort((one, other) => one.stop - one.start - (other.stop - other.start));
  },

  /** Whether a tap chooses a mark; after all marks there have been chosen, it selects the word. */
  choosesByTap(cell) {
    const covering = this.covering(cell);
    return covering.findIndex(({ id }) => id === this.chosen) < covering.length - 1;
  },

  /** Choose the next mark or suggestion; false if there is none in that direction. */
  step(by, { wrap = true } = {}) {
    const { stops } = this;
    if (!stops.length) return false;
    const at = stops.findIndex(({ id }) => id === this.chosen);
    let next = at + by;
    if (at < 0) {
      const after = stops.findIndex(({ start }) => start >= this.caret);
      next = by > 0 ? (after < 0 ? stops.length : after) : (after < 0 ? stops.length : after) - 1;
    }
    if (!wrap && !stops[next]) return false;
    this.select(null);
    this.choose(stops[(next + stops.length) % stops.length].id);
    return true;
  },

  titleOf(name) {
    return this.data.labels[this.numberOf(name)]?.title ?? name;
  },

  // ---- marks

  put(mark, announcement) {
    this.addEdit("put_mark", {
      id: mark.id, start: mark.start, stop: mark.stop, quote: this.offsets.slice(mark.start, mark.stop),
      label: mark.label, note: mark.note, evidence_url: mark.evidence_url, origin: mark.origin,
    });
    this.announce(announcement ?? `Marked ${this.titleOf(mark.label)}: ${this.offsets.slice(mark.start, mark.stop)}`);
  },

  /** Mark the selection, or relabel the chosen mark. */
  applyLabel(number) {
    const label = this.data.labels[number];
    if (!label || !this.editable) return;
    const stop = this.chosenStop;
    if (this.selection) this.markSelection(label.name);
    else if (stop?.suggested) this.acceptSuggestion(number);
    else if (stop && stop.label !== label.name) this.put({ ...stop, label: label.name }, `Now ${label.title}`);
    else if (stop) this.announce(`Already ${label.title}`);
    else this.controls.showHint("Select words first");
  },

  markSelection(label) {
    const [start, stop] = this.selection;
    const duplicate = this.marks.find((mark) => mark.start === start && mark.stop === stop && mark.label === label);
    this.select(null);
    if (duplicate) return this.choose(duplicate.id);
    const id = newId().replaceAll("-", "").slice(0, 12);
    this.memory.chosen = id;
    this.memory.caret = start;
    this.put({ id, start, stop, label, note: "", evidence_url: "", origin: "manual" });
    this.list.reveal(id);
  },

  deleteChosen() {
    const stop = this.chosenStop;
    if (stop && !stop.suggested) this.removeMark(stop.id);
  },

  removeMark(id) {
    if (!this.editable) return;
    const mark = this.marks.find((one) => one.id === id);
    this.addEdit("delete_mark", { id });
    this.text.focus({ preventScroll: true });
    this.announce(`Deleted: ${mark.quote}`);
  },

  changeField(id, name, value) {
    const mark = this.marks.find((one) => one.id === id);
    if (mark && this.editable) this.put({ ...mark, [name]: value }, "Noted");
  },

  // ---- edges

  /** Move an edge of the chosen mark by one unit; a mark never becomes empty. */
  moveEdge(edge, step) {
    const stop = this.chosenStop;
    if (!stop || stop.suggested || !this.editable) return;
    const to = edge === "start" ? this.unit.nextStart(stop.start, step) : this.unit.nextStop(stop.stop, step);
    if (to === null) return;
    const moved = { ...stop, [edge]: to };
    if (moved.start < moved.stop) this.put(moved, `Now: ${this.offsets.slice(moved.start, moved.stop)}`);
  },

  /** While a handle is dragged, draw the resulting mark without storing it. */
  pullEdge(edge, cell) {
    const stop = this.chosenStop;
    const unit = cell && this.unit.touching(...cell);
    if (!stop || !unit) return;
    const pulled = edge === "start" ? { ...stop, start: Math.min(unit[0], this.lastStart(stop)) } : { ...stop, stop: Math.max(unit[1], this.firstStop(stop)) };
    if (!(pulled.start < pulled.stop)) return;
    this.pulled = pulled;
    const shown = this.stops.map((one) => (one.id === stop.id ? this.pulled : one));
    this.drawing.drawMarks(shown, stop.id, this.numberOf);
    this.menu.update();
  },

  /** The last position of the left edge at which one unit remains. */
  lastStart(mark) {
    return Math.max(mark.start, this.unit.nextStart(mark.stop, -1) ?? mark.start);
  },

  firstStop(mark) {
    return Math.min(mark.stop, this.unit.nextStop(mark.start, 1) ?? mark.stop);
  },

  dropEdge({ keep = true } = {}) {
    const { pulled, chosenStop } = this;
    this.pulled = null;
    const moved = keep && pulled && chosenStop && (pulled.start !== chosenStop.start || pulled.stop !== chosenStop.stop);
    if (moved) this.put(pulled, `Now: ${this.offsets.slice(pulled.start, pulled.stop)}`);
    else this.draw();
  },

  endPointerGesture() {
    this.pressed = null;
    this.dragging = false;
  },

  // ---- suggestions

  acceptSuggestion(number, id = this.chosen) {
    const stop = this.stops.find((one) => one.id === id && one.suggested);
    const label = this.data.labels[number];
    if (!stop || !label || !this.editable) return;
    const mark = newId().replaceAll("-", "").slice(0, 12);
    this.memory.chosen = mark;
    this.put({ id: mark, start: stop.start, stop: stop.stop, label: label.name, note: "", evidence_url: "", origin: "suggested" });
    this.decide(stop.id, true);
  },

  rejectSuggestion(id = this.chosen) {
    const stop = this.stops.find((one) => one.id === id && one.suggested);
    if (!stop || !this.editable) return;
    this.decide(stop.id, false);
    this.announce("Suggestion rejected");
  },

  decide(id, accepted) {
    const shown = Math.round(performance.now() - this.memory.shown[id]);
    this.addEdit("suggestion", { suggestion_id: id, accepted, shown_ms: shown });
  },

  // ---- the item

  undo() {
    if (!this.editable || this.controls.undo.disabled) return;
    this.addEdit("undo", {});
    this.announce("Undone");
  },

  redo() {
    if (!this.editable || this.controls.redo.disabled) return;
    this.addEdit("redo", {});
    this.announce("Redone");
  },

  // Without marks, the key must be pressed twice, so that one slip does not submit the item.
  submitByKey() {
    if (!this.editable || this.marks.length || this.submitArmed) return this.submit();
    this.memory.submitArmedUntil = performance.now() + CONFIRM_WITHIN_MS;
    this.controls.labelSubmit();
    setTimeout(() => this.controls.labelSubmit(), CONFIRM_WITHIN_MS);
    this.announce("Nothing is marked. Press s again to confirm that nothing is wrong here");
  },

  submit() {
    if (!this.editable) return;
    const refused = this.list.commit();
    if (refused) {
      refused.focus();
      this.announce("Not submitted: the evidence is not an address. Correct or clear it");
      return;
    }
    const nothingWrong = !this.marks.length;
    this.addEdit("submit", { nothing_wrong: nothingWrong });
    this.text.focus({ preventScroll: true }); // the pressed button is disabled now
    this.announce(nothingWrong ? "Submitted: nothing wrong here" : "Submitted");
  },

  loadLatest() {
    this.queue.discard({ loadLatest: this.data.conflict });
    this.memory.chosen = this.memory.selection = null;
    this.memory.drafts = {};
    this.refresh();
    this.text.focus({ preventScroll: true });
  },

  listActions() {
    return {
      choose: (id, how) => this.choose(id, how),
      remove: (id) => this.removeMark(id),
      accept: (id) => this.acceptSuggestion(0, id),
      reject: (id) => this.rejectSuggestion(id),
      field: (id, name, value) => this.changeField(id, name, value),
      draft: (id, name, value) => this.keepDraft(id, name, value),
    };
  },

  keepDraft(id, name, value) {
    const drafts = (this.memory.drafts[id] ??= {});
    if (value === undefined) delete drafts[name];
    else drafts[name] = value;
  },
};

Object.assign(MarkView.prototype, EDITING);
