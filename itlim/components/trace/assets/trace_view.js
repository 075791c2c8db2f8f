// The two-sided view: response on the left, candidates on the right, and their pointer and keyboard
// input. Selections and requests are reported through `send(name, value)`.

import { themeOf } from "../../shared/assets/theme.js";
import { CandidateCard } from "./cards.js";
import { ResponseSide } from "./response_side.js";

const REPORT_PAUSE_MS = 300;
const FOLDS = ["figures", "others"];
const CHOSEN = new Map(); // the chosen candidate by view and doc, in case the element is redrawn

export class TraceView {
  constructor(root, send) {
    this.root = root;
    this.send = send;
    this.list = root.querySelector(".tr-cards");
    this.live = root.querySelector(".tr-live");
    this.side = new ResponseSide(root);
    this.cards = [];
    this.at = -1;
    this.lit = null;
    this.forcedTheme = null;
    this.sure = root.querySelector(".tr-sure");
    this.more = root.querySelector(".tr-more");
    this.sure.onclick = () => this.toggle("figures");
    this.more.onclick = () => this.toggle("others");
    this.stopListening = this.listen();
  }

  // ---- folds, where the page asks for them: figures, and all candidates but the chosen one

  toggle(part) {
    this.unfold(part, !this.root.hasAttribute(`data-${part}`));
  }

  unfold(part, open) {
    this.root.toggleAttribute(`data-${part}`, open);
    this.drawFolds();
    if (!this.data.folded) return;
    this.report("unfolded", { parts: FOLDS.filter((one) => this.root.hasAttribute(`data-${one}`)) });
  }

  /** Folds as the address names them, once per trace; later they are as the reader left them. */
  startFolds({ doc, unfolded = [] }) {
    if (this.foldsOf === doc) return;
    this.foldsOf = doc;
    for (const part of FOLDS) this.root.toggleAttribute(`data-${part}`, unfolded.includes(part));
  }

  drawFolds() {
    const others = this.root.hasAttribute("data-others");
    const count = this.cards.length - 1;
    this.sure.setAttribute("aria-expanded", String(this.root.hasAttribute("data-figures")));
    this.more.setAttribute("aria-expanded", String(others));
    this.more.hidden = count < 1;
    this.more.textContent = others
      ? "Hide the other possible sources"
      : `Show ${count} other possible source${count === 1 ? "" : "s"}`;
  }

  destroy() {
    clearTimeout(this.reporting);
    this.stopListening();
  }

  // ---- data in

  update(data) {
    this.data = data;
    this.applyTheme();
    const on = { choose: (card) => this.choose(this.cards.indexOf(card)), others: (card) => this.requestOthers(card) };
    this.cards = data.candidates.map((candidate) => new CandidateCard(candidate, data, on));
    const focused = this.list.contains(this.root.getRootNode().activeElement);
    this.list.replaceChildren(...this.cards.map((card) => card.node));
    this.root.toggleAttribute("data-empty", !this.cards.length);
    this.root.toggleAttribute("data-folded", Boolean(data.folded));
    this.startFolds(data);
    this.drawFolds();
    this.root.toggleAttribute("data-list-only", Boolean(data.list_only));
    this.root.toggleAttribute("data-reversible", Boolean(data.reversible));
    this.at = -1;
    this.show(this.initialIndex());
    if (focused) this.chosen?.article.focus({ preventScroll: true });
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        this.root.dataset.ready = Number(this.root.dataset.ready ?? 0) + 1;
      }),
    );
  }

  applyTheme() {
    this.root.dataset.theme = this.forcedTheme ?? themeOf(this.root);
  }

  get memoryKey() {
    return `${this.data.view_key}/${this.data.doc}`;
  }

  /** The candidate chosen last, else that of the URL, else the best. */
  initialIndex() {
    const id = CHOSEN.get(this.memoryKey) ?? this.data.candidate;
    const found = this.cards.findIndex((card) => card.candidate.id === id);
    return this.cards.length ? Math.max(0, found) : -1;
  }

  // ---- the chosen candidate

  get chosen() {
    return this.cards[this.at] ?? null;
  }

  show(at) {
    this.chosen?.choose(false);
    this.at = at;
    this.chosen?.choose(true);
    this.highlight(null);
    this.side.draw(this.data, this.chosen?.candidate ?? null);
  }

  /** Show the candidate that the user chose and, after a pause, report it. */
  choose(at) {
    if (at < 0 || at >= this.cards.length) return;
    if (at !== this.at && !this.root.hasAttribute("data-others")) this.unfold("others", true);
    const before = this.chosen?.node.getBoundingClientRect().top;
    if (at !== this.at) this.show(at);
    const { node, article, candidate } = this.chosen;
    article.focus({ preventScroll: true });
    if (before !== undefined) node.scrollIntoView({ block: "nearest" });
    CHOSEN.set(this.memoryKey, candidate.id);
    this.announce(this.chosen.name());
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => this.report("candidate", { id: candidate.id }), REPORT_PAUSE_MS);
  }

  requestOthers(card) {
    this.report("others", { id: card.candidate.id });
  }

  // ---- highlighting

  /** Highlight a run of a candidate on both sides; null clears the highlight. */
  highlight(number, card = this.chosen) {
    for (const node of this.root.querySelectorAll(".lit")) node.classList.remove("lit");
    const other = card !== this.chosen ? card : null;
    if (this.previewed !== other) {
      this.previewed = other;
      this.side.drawRuns(this.data, (card ?? this.chosen)?.candidate ?? null);
    }
    this.lit = number;
    if (number === null || !card) return;
    const sides = [this.side.text, this.side.runs, card.node];
    for (const side of sides) {
      for (const node of side.querySelectorAll(`[data-runs~="${number}"]`)) node.classList.add("lit");
    }
  }

  /** Highlight the next or previous run of the chosen candidate. */
  stepRun(step) {
    const numbers = [...new Set(this.chosen?.candidate.runs.map((run) => run.number))];
    if (!numbers.length) return;
    const at = numbers.indexOf(this.lit);
    const next = at < 0 ? (step > 0 ? 0 : numbers.length - 1) : (at + step + numbers.length) % numbers.length;
    this.highlight(numbers[next]);
    for (const node of this.root.querySelectorAll("mark.lit")) node.scrollIntoView({ block: "nearest" });
    const run = this.chosen.candidate.runs.find((one) => one.number === numbers[next]);
    this.announce(`Run ${run.number}, ${run.amount}: ${run.quote}`);
  }

  // ---- reports

  announce(text) {
    this.live.textContent = text;
  }

  report(name, value) {
    const ts = Math.round(performance.timeOrigin + performance.now());
    this.send(name, { doc: this.data.doc, ...value, ts });
  }

  // ---- pointer and keys

  listen() {
    const off = new AbortController();
    const on = (type, handler) => this.root.addEventListener(type, handler, { signal: off.signal });
    on("pointerover", (event) => this.hover(event));
    on("pointerleave", () => this.highlight(null));
    on("keydown", (event) => {
      if (event.key === "Tab") return;
      // Streamlit has shortcuts on the document; keys of this view must not reach it.
      event.stopPropagation();
      this.press(event);
    });
    return () => off.abort();
  }

  hover(event) {
    const run = event.target.closest?.("[data-runs]");
    const node = event.target.closest?.(".tr-card");
    const card = node ? this.cards.find((one) => one.node === node) : (this.previewed ?? this.chosen);
    if (!run) {
      // Between the runs of a card that is not chosen, its preview stays.
      if (this.lit !== null || (this.previewed && card !== this.previewed)) this.highlight(null, node ? card : this.chosen);
      return;
    }
    this.highlight(Number(run.dataset.runs.split(" ")[0]), card);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.cards.length) return;
    const inButton = event.target.closest?.("button");
    const act = {
      ArrowDown: () => this.choose(this.at + 1),
      j: () => this.choose(this.at + 1),
      ArrowUp: () => this.choose(this.at - 1),
      k: () => this.choose(this.at - 1),
      Home: () => this.choose(0),
      End: () => this.choose(this.cards.length - 1),
      ArrowRight: () => this.stepRun(1),
      ArrowLeft: () => this.stepRun(-1),
      Enter: () => inButton || this.chosen.toggleFolds(),
      b: () => this.data.reversible && this.requestOthers(this.chosen),
      Escape: () => this.highlight(null),
    }[event.key];
    if (!act || (inButton && event.key === "Enter")) return;
    event.preventDefault();
    act();
  }
}
