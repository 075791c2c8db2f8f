// The view: draws its data and shows details of what the reader points at. Actions of the reader
// are reported with `send(name, value)`.

import { themeOf } from "../../shared/assets/theme.js";
import { Header } from "./header.js";
import { METRIC_EVENT, listen } from "./input.js";
import { KeyHelp } from "./key_help.js";
import { ReaderMarks, Timers, recall } from "./marks.js";
import { SelectionCard, TokenTip } from "./panels.js";
import { TokenSurface } from "./surface.js";
import { CATEGORIES, CATEGORY_VIEW, TokenTable, joinedData } from "./token_table.js";

export const HOVER_DELAY_MS = 90;
const SPEECH_PAUSE_MS = 180;

export class TokenView {
  constructor(root, send) {
    this.root = root;
    this.send = send;
    this.body = root.querySelector(".tv-body");
    this.live = root.querySelector(".tv-live");
    this.timers = new Timers();
    this.surface = new TokenSurface(this.body);
    this.marks = new ReaderMarks(this.surface, this.timers, (name, value) => this.send(name, value));
    this.marks.snapToWords = () => this.look.words;
    this.tip = new TokenTip(root.querySelector(".tv-tip"), (position) => this.selectWord(position));
    this.keyHelp = new KeyHelp(root.querySelector(".tv-keys"));
    const cardActions = [
      ["Copy", () => this.copyToClipboard()],
      ["×", () => this.clearSelection()],
    ];
    this.card = new SelectionCard(root.querySelector(".tv-card"), cardActions, (step) => this.take(step));
    this.header = new Header(root, {
      metric: (column) => this.chooseMetric(column),
      snap: () => this.toggleSnap(),
      help: (button) => this.toggleHelp(button),
    });
    this.table = new TokenTable({});
    this.look = { view: CATEGORY_VIEW, words: true };
    this.forcedTheme = null;
    this.hovered = -1;
    this.stopListening = listen(this);
  }

  destroy() {
    this.stopListening();
    this.timers.cancelAll();
    for (const panel of [this.tip, this.card, this.keyHelp]) panel.hide();
  }

  // ---- data in

  /** Draw all tokens, or new ones that continue those on screen (`part`, `follows`, `start`). */
  update(part) {
    const started = performance.now();
    const before = this.table;
    const data = joinedData(before.data, part);
    if (!data) {
      this.send("gap", { doc: part.doc, part: part.part });
      return;
    }
    this.table = new TokenTable(data);
    this.look = recall(`look/${data.group ?? data.view_key}`, { view: data.metric ?? CATEGORY_VIEW, words: true });
    const sameDoc = data.doc === before.data.doc;
    const kept = sameDoc ? this.table.keptTokens(before) : 0;
    this.marks.dropStale(sameDoc, kept);
    this.surface.rebuild(this.table, kept);
    this.surface.paint(this.table, this.look.view);
    this.surface.showCaret(Boolean(data.streaming));
    this.surface.drawLayers(data.layers ?? []);
    this.surface.drawUnderlines(data.underlines ?? []);
    this.applyAttributes(data);
    this.drawHeader();
    this.marks.restore(this.table);
    this.refreshPanels(sameDoc);
    this.followRequests(data);
    if (data.streaming) this.followEnd();
    this.announceReady(started);
  }

  /** Update open panels, and close those whose tokens no longer exist. */
  refreshPanels(sameDoc) {
    const { position, pinned } = this.tip;
    if (!sameDoc || position >= this.table.length) this.tip.hide();
    if (!sameDoc || !this.marks.selection) this.card.hide();
    if (this.tip.open) this.showTip(position, pinned);
    if (this.card.open) this.showCard();
  }

  /** Follow requests from Python: a cursor (from the URL) or a token (a click in a chart). */
  followRequests({ cursor, focus }) {
    for (const [name, request] of Object.entries({ cursor, focus })) {
      if (!request || request.position >= this.table.length) continue;
      if (!this.marks.isNewRequest(name, request)) continue;
      this.marks.place(request.position);
      this.surface.scrollToToken(request.position);
      this.say(this.describe(request.position));
      if (name === "focus") {
        this.surface.flash(request.position);
        this.marks.reportCursor();
      }
    }
  }

  applyAttributes(data) {
    this.root.dataset.theme = this.forcedTheme ?? themeOf(this.root);
    this.root.toggleAttribute("data-compact", Boolean(data.compact));
    this.root.toggleAttribute("data-fold", Boolean(data.fold) && !this.header.unfolded);
    this.root.toggleAttribute("data-legend-only", Boolean(data.legend_only));
    this.root.toggleAttribute("data-layers", Boolean(data.layers?.length));
    if (data.height) this.body.style.setProperty("--tv-height", `${data.height}px`);
    else this.body.style.removeProperty("--tv-height");
    this.body.setAttribute("aria-label", data.label ?? "Tokens of the response");
    this.body.setAttribute("aria-busy", String(Boolean(data.streaming)));
    this.body.dataset.empty = data.streaming ? "" : (data.empty_text ?? "No response yet.");
  }

  drawHeader() {
    const { streaming } = this.table.data;
    this.header.draw(this.table, this.look.view, this.look.words, streaming);
  }

  followEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.body;
    if (scrollHeight - scrollTop - clientHeight < 120) this.body.scrollTop = scrollHeight;
  }

  /** `data-ready` counts the updates that have been painted; tests and timings read it. */
  announceReady(started) {
    this.root.dataset.n = this.table.length;
    this.root.dataset.buildMs = (performance.now() - started).toFixed(1);
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        this.root.dataset.paintMs = (performance.now() - started).toFixed(1);
        this.root.dataset.ready = Number(this.root.dataset.ready ?? 0) + 1;
      }),
    );
  }

  // ---- header

  chooseMetric(column) {
    this.showMetric(column);
    const { group, report_metric: wanted } = this.table.data;
    if (wanted) this.marks.report("metric", { column });
    if (group) document.dispatchEvent(new CustomEvent(METRIC_EVENT, { detail: { group, column } }));
  }

  showMetric(column) {
    if (column !== CATEGORY_VIEW && !this.table.metrics.has(column)) return;
    const started = performance.now();
    this.look.view = column;
    this.surface.paint(this.table, column);
    this.drawHeader();
    this.root.dataset.recolorMs = (performance.now() - started).toFixed(1);
  }

  nextMetric() {
    const columns = [CATEGORY_VIEW, ...this.table.metrics.keys()];
    this.chooseMetric(columns[(columns.indexOf(this.look.view) + 1) % columns.length]);
  }

  toggleSnap() {
    this.look.words = !this.look.words;
    this.drawHeader();
    this.say(this.look.words ? "Selecting whole words" : "Selecting single tokens");
  }

  toggleHelp(button) {
    if (this.keyHelp.open) this.keyHelp.hide();
    else this.keyHelp.show(() => button.getBoundingClientRect(), this.table.data.steps?.[0]?.label);
    button.setAttribute("aria-expanded", String(this.keyHelp.open));
  }

  // ---- cursor and selection

  /** Move by key: show the details, and announce and report the position after a pause. */
  moveTo(position) {
    this.marks.place(position);
    const { cursor } = this.marks;
    this.surface.nodes[cursor].scrollIntoView({ block: "nearest" });
    this.showTip(cursor, false);
    this.timers.later("say", SPEECH_PAUSE_MS, () => this.say(this.describe(cursor)));
    this.marks.reportCursorSoon();
  }

  describe(position) {
    const { table } = this;
    const text = table.isEnd(position) ? "end of the response" : JSON.stringify(table.text(position));
    const parts = [
      `Position ${position} of ${table.length}`,
      text,
      CATEGORIES[table.category(position)],
      `${table.mainMeasure.label} ${table.shown(table.mainMeasure, position)}`,
      ...table
        .measuresOf("first choice")
        .filter((measure) => table.metrics.has(measure.column))
        .map((measure) => `${measure.name.toLowerCase()} ${table.shown(measure, position)}`),
    ];
    if (table.differs(position)) parts.push("not the tuned model's first choice");
    return parts.join(", ");
  }

  say(text) {
    this.live.textContent = text;
  }

  selectAll() {
    this.marks.anchor = 0;
    this.marks.select([0, this.table.length]);
    this.showSelection();
  }

  selectWord(position) {
    this.marks.anchor = position;
    this.marks.select(this.table.wordBounds(position));
    this.showSelection();
  }

  /** Show the statistics of the selection instead of the details of a token. */
  showSelection() {
    const [start, stop] = this.marks.selection;
    this.tip.hide();
    this.showCard();
    this.say(`Selected ${stop - start} tokens, positions ${start} to ${stop - 1}`);
  }

  showCard() {
    const last = this.marks.selection[1] - 1;
    this.card.show(this.table, this.marks.selection, () => this.surface.lastRect(last));
  }

  clearSelection() {
    if (this.marks.selection) this.marks.select(null);
    this.card.hide();
  }

  /** Take a next step with the selection; the panels close, so that they do not cover its result. */
  take(step = this.table.data.steps?.[0]?.name) {
    const [start, stop] = this.marks.requestStep(step);
    if (!step) return;
    this.card.hide();
    this.tip.hide();
    this.say(`Opening positions ${start} to ${stop - 1}`);
  }

  async copyToClipboard() {
    await navigator.clipboard.writeText(this.marks.selectedText());
    this.say("Copied");
  }

  // ---- details of a token

  showTip(position, pinned) {
    if (this.card.open && !pinned) return;
    this.tip.show(this.table, position, () => this.surface.rect(position), pinned);
  }

  togglePin(position) {
    this.timers.cancel("hover"); // otherwise a pending hover would show them unpinned again
    if (this.tip.pinned && this.tip.position === position) this.tip.hide();
    else this.showTip(position, true);
  }

  hover(position) {
    if (position === this.hovered) return;
    this.surface.nodes[this.hovered]?.classList.remove("hovered");
    this.hovered = position;
    this.timers.cancel("hover");
    if (position < 0) return this.tip.pinned || this.tip.hide();
    this.surface.nodes[position].classList.add("hovered");
    if (this.tip.pinned || this.card.open) return;
    this.timers.later("hover", this.tip.open ? 0 : HOVER_DELAY_MS, () => this.showTip(position, false));
  }
}
