// The state of the view: the chosen mark, the selection, the caret and the edits.

import { themeOf } from "../../shared/assets/theme.js";
import { visibleText } from "../../shared/assets/visible_text.js";
import { ActiveTime } from "./active_time.js";
import { Controls } from "./controls.js";
import { EditQueue } from "./edit_queue.js";
import { listenToKeys } from "./keyboard.js";
import { MarkDrawing } from "./mark_drawing.js";
import { MarkList } from "./mark_list.js";
import { MarkMenu } from "./mark_menu.js";
import { Navigation } from "./navigation.js";
import { TextOffsets } from "./offsets.js";
import { listenToPointer } from "./pointer.js";
import { TextSurface } from "./text_surface.js";
import { SNAPS, Units } from "./units.js";

const SHEETS = new Map(); // state that survives the element, by doc
const SETTINGS = { snap: "words" };
const FOCUS_WITHIN_MS = 3000;

export class MarkView {
  constructor(root, send) {
    this.root = root;
    this.send = send;
    this.text = root.querySelector(".mv-text");
    this.paper = root.querySelector(".mv-paper");
    this.live = root.querySelector(".mv-live");
    this.surface = new TextSurface(this.text);
    this.navigation = new Navigation(this.surface);
    this.drawing = new MarkDrawing(root, this.surface);
    this.menu = new MarkMenu(this);
    this.controls = new Controls(this);
    this.list = new MarkList(root.querySelector(".mv-list"), this.listActions());
    this.marks = this.stops = [];
    this.off = new AbortController();
    this.listen(this.off.signal);
  }

  destroy() {
    this.list.commit();
    this.memory?.time.hidden();
    this.off.abort();
    this.resizing.disconnect();
    this.queue?.stop();
  }

  listen(signal) {
    listenToPointer(this, signal);
    listenToKeys(this, signal);
    this.text.addEventListener("focus", () => this.drawCaret(), { signal });
    this.text.addEventListener("blur", () => this.drawCaret(), { signal });
    window.addEventListener("beforeunload", (event) => this.leaving(event), { signal });
    this.resizing = new ResizeObserver(() => this.data && this.draw());
    this.resizing.observe(this.text);
    document.fonts?.addEventListener("loadingdone", () => this.data && this.draw(), { signal });
  }

  /** Keep typed text over a reload, and warn before closing the tab while edits are unsaved. */
  leaving(event) {
    this.list.commit();
    if (this.queue?.events.length) event.preventDefault();
  }

  // ---- data in

  update(data) {
    const isNew = this.data?.doc !== data.doc || this.data.text !== data.text;
    const isReopened = Boolean(this.data?.read_only) && !data.read_only;
    if (isNew && this.data) this.list.commit();
    this.data = data;
    if (isNew) this.open(data);
    this.root.dataset.theme = themeOf(this.root);
    this.queue.answer(data);
    this.refresh();
    if (isNew || isReopened) this.focusWhenFree(performance.now() + FOCUS_WITHIN_MS);
    requestAnimationFrame(() => requestAnimationFrame(() => (this.root.dataset.ready = Number(this.root.dataset.ready ?? 0) + 1)));
  }

  open(data) {
    this.queue?.stop();
    this.memory?.time.hidden();
    this.activeOff?.abort();
    if (!SHEETS.has(data.doc)) {
      SHEETS.set(data.doc, { drafts: {}, reasons: {}, shown: {}, time: new ActiveTime(), chosen: null, selection: null, anchor: null, caret: 0 });
    }
    this.memory = SHEETS.get(data.doc);
    this.memory.time.touched();
    this.activeOff = new AbortController();
    this.memory.time.listen(AbortSignal.any([this.off.signal, this.activeOff.signal]));
    this.queue = EditQueue.of(data.doc);
    this.queue.start((message) => this.send(message), () => this.controls.update());
    this.offsets = new TextOffsets(data.text);
    this.surface.fill(this.offsets, data.words);
    this.units = { words: new Units(data.words), tokens: new Units(data.tokens), characters: this.surface.cells };
    if (!this.snaps().includes(SETTINGS.snap)) SETTINGS.snap = this.snaps()[0];
    this.controls.open(data);
  }

  /** Focus the text once nothing else has the focus: a pressed button may disappear only later. */
  focusWhenFree(deadline) {
    clearTimeout(this.focusing);
    const active = document.activeElement;
    if (active === null || active === document.body) this.text.focus({ preventScroll: true });
    const isTyping = active?.matches("input, textarea, select");
    if (isTyping || this.off.signal.aborted || performance.now() > deadline) return;
    this.focusing = setTimeout(() => this.focusWhenFree(deadline), 100);
  }

  /** Merge stored marks and unsaved edits, and redraw everything. */
  refresh() {
    const inOrder = (one, other) => one.start - other.start || other.stop - one.stop;
    this.marks = this.queue.applyTo(this.data.marks).sort(inOrder);
    const decided = this.queue.decidedSuggestions();
    const open = this.data.suggestions
      .filter(({ id }) => !decided.has(id))
      .map((one) => ({ ...one, suggested: true, quote: this.offsets.slice(one.start, one.stop) }));
    for (const { id } of open) this.memory.shown[id] ??= performance.now();
    this.stops = [...this.marks, ...open].sort(inOrder);
    if (!this.chosenStop) this.memory.chosen = null;
    this.draw();
  }

  draw() {
    this.drawing.drawMarks(this.stops, this.chosen, this.numberOf);
    this.drawing.drawSelection(this.selection);
    this.drawCaret();
    this.showChoice();
  }

  /** Redraw what depends on the chosen mark and the selection. */
  showChoice() {
    const { data, chosen, numberOf, editable } = this;
    this.drawing.drawChosen(this.chosenStop, numberOf);
    const about = { chosen, labels: data.labels, numberOf, editable, drafts: this.memory.drafts };
    this.list.update(this.stops, about);
    this.root.querySelector(".count").textContent = this.marks.length || "";
    this.root.querySelector(".mv-none").textContent = this.stops.length ? "" : this.emptyText();
    this.root.toggleAttribute("data-read-only", data.read_only);
    this.controls.update();
    this.menu.update();
  }

  emptyText() {
    if (this.data.read_only) return "Nothing was marked.";
    if (matchMedia("(hover: none)").matches) return "Tap the first and the last wrong word, then choose a label.";
    return "Drag over the wrong words, or select them with Shift and the arrow keys; then press a number.";
  }

  drawCaret() {
    const focused = this.root.getRootNode().activeElement === this.text;
    this.drawing.drawCaret(focused && !this.selection && !this.chosen ? this.caretUnit() : null);
  }

  numberOf = (name) => this.data.labels.findIndex((label) => label.name === name);

  // ---- state

  get chosen() {
    return this.memory.chosen;
  }

  get chosenStop() {
    return this.stops.find(({ id }) => id === this.memory.chosen) ?? null;
  }

  get selection() {
    return this.memory.selection;
  }

  get anchor() {
    return this.memory.anchor;
  }
  set anchor(range) {
    this.memory.anchor = range;
  }

  get caret() {
    return this.memory.caret;
  }

  get editable() {
    return !(this.data.read_only || this.data.conflict || this.queue.loadingLatest || this.queue.contains("submit", "skip"));
  }

  /** Whether the submit key was just pressed without a mark, so that a second press confirms. */
  get submitArmed() {
    return performance.now() < (this.memory.submitArmedUntil ?? 0);
  }

  get canLabel() {
    return this.editable && Boolean(this.selection || this.chosen);
  }

  announce(text) {
    this.live.textContent = text;
  }

  // ---- caret and selection

  get snap() {
    return SETTINGS.snap;
  }

  get unit() {
    return this.units[SETTINGS.snap];
  }

  snaps() {
    return SNAPS.filter((snap) => snap !== "tokens" || this.data.tokens.length);
  }

  snapTo(snap) {
    SETTINGS.snap = snap;
    this.announce(`Selecting by ${snap}`);
    this.draw();
  }

  nextSnap() {
    const snaps = this.snaps();
    this.snapTo(snaps[(snaps.indexOf(this.snap) + 1) % snaps.length]);
  }

  caretUnit() {
    return this.unit.ranges[this.unit.at(this.caret)] ?? null;
  }

  unitBeside(step) {
    this.navigation.column = null;
    return this.navigation.beside(this.unit, this.caret, step);
  }

  unitBelow(step) {
    return this.navigation.below(this.unit, this.caret, step);
  }

  unitAtLineEnd(step) {
    this.navigation.column = null;
    return this.navigation.lineEnd(this.unit, this.caret, step);
  }

  /** Move the caret to a unit and clear the selection and the chosen mark. */
  moveTo([start, stop]) {
    this.memory.caret = start;
    this.anchor = null;
    this.memory.chosen = this.memory.selection = null;
    this.draw();
    this.surface.reveal(start, stop);
    this.announce(visibleText(this.offsets.slice(start, stop)));
  }

  /** Shift and a movement key: the first press selects the unit at the caret, later ones extend. */
  extendTo(unit) {
    const isFirst = !this.selection || !this.anchor;
    if (isFirst) this.anchor = this.caretUnit();
    this.memory.caret = isFirst ? this.anchor[0] : unit[0];
    this.selectTo(this.caretUnit());
    this.surface.reveal(...this.caretUnit());
    this.announceSelection();
  }

  /** Select from the anchor to a range, snapped to units. */
  selectTo([start, stop]) {
    const [first, last] = this.anchor;
    const range = this.unit.touching(Math.min(first, start), Math.max(last, stop));
    this.memory.caret = start;
    this.select(range);
  }

  select(range) {
    const wasChosen = this.chosen;
    if (range) this.memory.chosen = null;
    else this.anchor = null;
    this.memory.selection = range;
    this.drawing.drawSelection(range);
    this.drawCaret();
    if (wasChosen || !this.dragging) this.showChoice();
  }

  announceSelection() {
    this.showChoice();
    if (this.selection) this.announce(`Selected: ${this.offsets.slice(...this.selection)}`);
  }
}
