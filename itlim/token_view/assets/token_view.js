// The view itself: takes data in, listens to pointer and keys, and reports selection, cursor and
// trace requests through `send(name, value)`.

// What should outlive an element that Streamlit throws away and draws again: marks by view, looks
// by group of views.
const MEMORY = new Map();
const METRIC_EVENT = "itlim-token-metric";
const HOVER_DELAY_MS = 90;
const CURSOR_PAUSE_MS = 500;
const DRAG_STARTS_PX = 4;

class TokenView {
  constructor(root, send) {
    this.root = root;
    this.send = send;
    this.body = root.querySelector(".tv-body");
    this.live = root.querySelector(".tv-live");
    this.surface = new TokenSurface(this.body);
    this.tip = new TokenTip(root.querySelector(".tv-tip"));
    this.keyHelp = new KeyHelp(root.querySelector(".tv-keys"));
    this.card = new SelectionCard(root.querySelector(".tv-card"), [
      ["Copy", () => this.copyToClipboard()],
      ["×", () => this.clearSelection()],
    ]);
    this.header = new Header(root, {
      metric: (column) => this.chooseMetric(column),
      snap: () => this.toggleSnap(),
      help: (button) => this.toggleHelp(button),
    });
    this.table = new TokenTable({});
    this.forcedTheme = null;
    this.remember({});
    this.anchor = -1;
    this.hovered = -1;
    this.pressed = null;
    this.timers = {};
    this.stopListening = listen(this);
  }

  destroy() {
    this.stopListening();
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    for (const panel of [this.tip, this.card, this.keyHelp]) panel.hide();
  }

  get cursor() {
    return this.surface.cursor;
  }

  get selection() {
    return this.surface.selection;
  }

  // ---- data in

  update(data) {
    const started = performance.now();
    const before = this.table;
    this.table = new TokenTable(data);
    const sameDoc = data.doc === before.data.doc;
    const kept = sameDoc ? this.table.keptTokens(before) : 0;
    this.remember(data);
    if (!sameDoc) this.forgetMarks();
    else if (this.selection && this.selection[1] > kept) this.surface.select(null);
    const repaintAll = this.lookChanged(data, before) || kept < before.length;
    this.surface.rebuild(this.table, kept);
    this.surface.paint(this.table, this.look.view, repaintAll ? 0 : kept);
    this.surface.showCaret(Boolean(data.streaming));
    this.surface.drawLayers(data.layers ?? []);
    this.dress(data);
    this.drawHeader();
    this.restoreMarks(before.data.doc === "");
    this.refreshPanels();
    this.followSeeds(data);
    if (data.streaming) this.keepEndInSight();
    this.announceReady(started);
  }

  /** Take up what an earlier element of the same view, or its group, knew. */
  remember(data) {
    this.memory = recall(`marks/${data.view_key}`, { doc: null, cursor: -1, selection: null });
    this.look = recall(`look/${data.group ?? data.view_key}`, { view: data.metric ?? CATEGORY_VIEW, words: true });
  }

  lookChanged(data, before) {
    const limits = (table) => [table.thresholds.marginal_above, table.thresholds.shifted_above].join();
    return data.doc !== before.data.doc || limits(this.table) !== limits(before);
  }

  forgetMarks() {
    this.surface.select(null);
    this.surface.moveCursor(-1);
    this.tip.hide();
    this.card.hide();
    this.anchor = -1;
  }

  /** After a remount the marks come back from memory, without telling Python again. */
  restoreMarks(firstUpdate) {
    const { memory, table } = this;
    if (memory.doc !== table.data.doc) {
      Object.assign(memory, { doc: table.data.doc, cursor: -1, selection: this.seededSelection() });
      if (memory.selection) this.surface.select(memory.selection);
      this.sentSelection = memory.selection ? memory.selection.join() : "";
    } else if (firstUpdate) {
      if (memory.cursor < table.length) this.surface.moveCursor(memory.cursor);
      if (memory.selection && memory.selection[1] <= table.length) this.surface.select(memory.selection);
    }
  }

  /** The selection to begin with, if it fits the tokens there are. */
  seededSelection() {
    const [start, stop] = this.table.data.selection ?? [0, 0];
    return start >= 0 && start < stop && stop <= this.table.length ? [start, stop] : null;
  }

  /** What is open shows the new numbers. */
  refreshPanels() {
    const { position, pinned, open } = this.tip;
    if (open && position < this.table.length) this.showTip(position, pinned);
    if (this.card.open && this.selection) this.card.show(this.table, this.selection, this.card.anchor);
  }

  /** A cursor or focus that Python asks for is followed once per (doc, rev). */
  followSeeds(data) {
    for (const name of ["cursor", "focus"]) {
      const seed = data[name];
      if (!seed || seed.position >= this.table.length) continue;
      const stamp = `${data.doc}/${seed.rev}`;
      if (this.memory[`${name}Stamp`] === stamp) continue;
      this.memory[`${name}Stamp`] = stamp;
      this.placeCursor(seed.position);
      this.surface.bringIntoSight(seed.position);
      if (name === "focus") this.surface.flash(seed.position);
      this.say(this.describe(seed.position));
    }
  }

  dress(data) {
    this.root.dataset.theme = this.forcedTheme ?? themeOf(this.root);
    this.root.toggleAttribute("data-compact", Boolean(data.compact));
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

  keepEndInSight() {
    const { scrollHeight, scrollTop, clientHeight } = this.body;
    if (scrollHeight - scrollTop - clientHeight < 120) this.body.scrollTop = scrollHeight;
  }

  /** `data-ready` counts the updates that are really on screen; tests and timings read it. */
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
    const { group, doc, report_metric: report } = this.table.data;
    if (report) this.send("metric", { doc, column, ts: timeStamp() });
    if (group) document.dispatchEvent(new CustomEvent(METRIC_EVENT, { detail: { group, column } }));
  }

  showMetric(column) {
    if (column !== CATEGORY_VIEW && !this.table.metrics.has(column)) return;
    const started = performance.now();
    this.look.view = column;
    this.surface.paint(this.table, column);
    this.drawHeader();
    this.root.dataset.recolourMs = (performance.now() - started).toFixed(1);
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
    else this.keyHelp.show(() => button.getBoundingClientRect(), this.table.data.traceable);
    button.setAttribute("aria-expanded", String(this.keyHelp.open));
  }

  // ---- cursor

  placeCursor(position) {
    if (!this.table.length) return;
    const inside = Math.max(0, Math.min(this.table.length - 1, position));
    this.surface.moveCursor(inside);
    this.memory.cursor = inside;
  }

  /** Move by key: show the details and tell screen reader and Python after a pause. */
  travel(position) {
    this.placeCursor(position);
    this.surface.nodes[this.cursor].scrollIntoView({ block: "nearest" });
    this.showTip(this.cursor, false);
    this.later("say", 180, () => this.say(this.describe(this.cursor)));
    this.later("cursor", CURSOR_PAUSE_MS, () => this.sendCursor());
  }

  sendCursor() {
    clearTimeout(this.timers.cursor);
    if (this.cursor < 0 || this.sentCursor === this.cursor) return;
    this.sentCursor = this.cursor;
    this.send("cursor", { doc: this.table.data.doc, position: this.cursor, ts: timeStamp() });
  }

  describe(position) {
    const { table } = this;
    const text = table.isEnd(position) ? "end of the response" : JSON.stringify(table.text(position));
    const parts = [
      `Position ${position} of ${table.length}`,
      text,
      CATEGORIES[table.category(position)],
      `KL ${formatNumber(table.value("kl_tuned_base", position))} nats`,
      `base rank ${formatNumber(table.value("base_rank", position))}`,
      `base probability ${formatProbability(table.value("base_prob", position))}`,
    ];
    if (table.differs(position)) parts.push("not the tuned model's first choice");
    return parts.join(", ");
  }

  say(text) {
    this.live.textContent = text;
  }

  later(name, milliseconds, action) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(action, milliseconds);
  }

  // ---- selection

  /** Select from the anchor to a token, snapped to words or tokens. */
  selectTo(position) {
    const first = Math.min(this.anchor, position);
    const last = Math.max(this.anchor, position);
    const start = this.look.words ? this.table.wordBounds(first)[0] : first;
    const stop = this.look.words ? this.table.wordBounds(last)[1] : last + 1;
    this.surface.select([start, stop]);
    this.memory.selection = [start, stop];
  }

  selectAll() {
    if (!this.table.length) return;
    this.anchor = 0;
    this.surface.select([0, this.table.length]);
    this.memory.selection = this.selection;
    this.finishSelection();
  }

  finishSelection() {
    const [start, stop] = this.selection;
    this.tip.hide();
    this.card.show(this.table, this.selection, () => this.surface.lastRect(Math.min(stop, this.table.length) - 1));
    this.say(`Selected ${stop - start} tokens, positions ${start} to ${stop - 1}`);
    this.later("selection", 150, () => this.sendSelection());
  }

  clearSelection() {
    if (!this.selection) return;
    this.surface.select(null);
    this.memory.selection = null;
    this.card.hide();
    this.later("selection", 150, () => this.sendSelection());
  }

  sendSelection() {
    const span = this.selection;
    const stamp = span ? span.join() : "";
    if ((this.sentSelection ?? "") === stamp) return;
    this.sentSelection = stamp;
    const { doc } = this.table.data;
    const [start, stop] = span ?? [0, 0]; // an empty range says: nothing selected any more
    this.send("selection", { doc, start, stop, ts: timeStamp() });
  }

  requestTrace() {
    const [start, stop] = this.selection ?? this.table.wordBounds(this.cursor);
    this.sendCursor();
    this.send("trace", { doc: this.table.data.doc, start, stop, ts: timeStamp() });
    this.say(`Tracing positions ${start} to ${stop - 1}`);
  }

  selectedText() {
    return this.selection ? this.table.textBetween(...this.selection) : "";
  }

  async copyToClipboard() {
    await navigator.clipboard.writeText(this.selectedText());
    this.say("Copied");
  }

  // ---- details of a token

  showTip(position, pinned) {
    if (this.card.open && !pinned) return;
    this.tip.show(this.table, position, () => this.surface.rect(position), pinned);
  }

  togglePin(position) {
    if (this.tip.pinned && this.tip.position === position) this.tip.hide();
    else this.showTip(position, true);
  }

  hover(position) {
    if (position === this.hovered) return;
    this.surface.nodes[this.hovered]?.classList.remove("hovered");
    this.hovered = position;
    clearTimeout(this.timers.hover);
    if (position < 0) return this.tip.pinned || this.tip.hide();
    this.surface.nodes[position].classList.add("hovered");
    if (this.tip.pinned || this.card.open) return;
    this.later("hover", this.tip.open ? 0 : HOVER_DELAY_MS, () => this.showTip(position, false));
  }
}

function recall(key, initial) {
  if (!MEMORY.has(key)) MEMORY.set(key, initial);
  return MEMORY.get(key);
}

function timeStamp() {
  return Math.round(performance.timeOrigin + performance.now());
}

/** "dark" where the ground under the view is dark. */
function themeOf(root) {
  const ground = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  const hex = /^#([0-9a-f]{6})/i.exec(ground);
  const channels = hex
    ? [0, 2, 4].map((at) => parseInt(hex[1].slice(at, at + 2), 16))
    : (ground.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  const [red, green, blue] = channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 110 ? "dark" : "light";
}
