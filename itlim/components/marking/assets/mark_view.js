// The view itself: what is chosen, selected and edited. Everything else draws it or feeds it.

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

const SHEETS = new Map(); // what outlives the element, by doc
const LOOK = { snap: "words" };

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

  /** What is typed is kept over a reload; whoever closes the tab is warned while edits are unsaved. */
  leaving(event) {
    this.list.commit();
    if (this.queue?.events.length) event.preventDefault();
  }

  // ---- data in

  update(data) {
    const isNew = this.data?.doc !== data.doc || this.data.text !== data.text;
    if (isNew && this.data) this.list.commit();
    this.data = data;
    if (isNew) this.open(data);
    this.root.dataset.theme = themeOf(this.root);
    this.queue.answer(data);
    this.refresh();
    requestAnimationFrame(() => requestAnimationFrame(() => (this.root.dataset.ready = Number(this.root.dataset.ready ?? 0) + 1)));
  }

  open(data) {
    this.queue?.stop();
    this.memory?.time.hidden();
    this.activeOff?.abort();
    if (!SHEETS.has(data.doc)) {
      SHEETS.set(data.doc, { drafts: {}, shown: {}, time: new ActiveTime(), chosen: null, selection: null, anchor: null, caret: 0 });
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
    if (!this.snaps().includes(LOOK.snap)) LOOK.snap = this.snaps()[0];
    this.controls.open(data);
  }

  /** Server and own edits put together, and all of it drawn. */
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

  /** What changes when another mark is chosen, or other words are selected. */
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

  // ---- what is where

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
    return !(this.data.read_only || this.data.conflict || this.queue.takingNewer || this.queue.holds("submit", "skip"));
  }

  /** Whether the submitting key was just pressed without a mark, so that a second press counts. */
  get submitArmed() {
    return performance.now() < (this.memory.submitArmedUntil ?? 0);
  }

  get canLabel() {
    return this.editable && Boolean(this.selection || this.chosen);
  }

  say(text) {
    this.live.textContent = text;
  }

  // ---- caret and selection

  get snap() {
    return LOOK.snap;
  }

  get unit() {
    return this.units[LOOK.snap];
  }

  snaps() {
    return SNAPS.filter((snap) => snap !== "tokens" || this.data.tokens.length);
  }

  snapTo(snap) {
    LOOK.snap = snap;
    this.say(`Selecting by ${snap}`);
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

  /** Put the caret on a unit; selection and choice are let go. */
  moveTo([start, stop]) {
    this.memory.caret = start;
    this.anchor = null;
    this.memory.chosen = this.memory.selection = null;
    this.draw();
    this.surface.reveal(start, stop);
    this.say(visibleText(this.offsets.slice(start, stop)));
  }

  /** Shift and a movement: the first press selects the unit at the caret, later ones extend. */
  extendTo(unit) {
    const isFirst = !this.selection || !this.anchor;
    if (isFirst) this.anchor = this.caretUnit();
    this.memory.caret = isFirst ? this.anchor[0] : unit[0];
    this.selectTo(this.caretUnit());
    this.surface.reveal(...this.caretUnit());
    this.saySelection();
  }

  /** Select from the anchor to a range, snapped. */
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

  saySelection() {
    this.showChoice();
    if (this.selection) this.say(`Selected: ${this.offsets.slice(...this.selection)}`);
  }
}
