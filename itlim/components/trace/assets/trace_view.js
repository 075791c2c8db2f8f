// The view itself: response on the left, candidates on the right, and what the reader does with
// them. What is to be known elsewhere is reported through `send(name, value)`.

import { themeOf } from "../../shared/assets/theme.js";
import { CandidateCard } from "./cards.js";
import { ResponseSide } from "./response_side.js";

const REPORT_PAUSE_MS = 300;
const PLACES = new Map(); // the chosen candidate by view and doc, should the element be drawn anew

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
    this.stopListening = this.listen();
  }

  destroy() {
    clearTimeout(this.reporting);
    this.stopListening();
  }

  // ---- data in

  update(data) {
    this.data = data;
    this.dress();
    const on = { choose: (card) => this.choose(this.cards.indexOf(card)), others: (card) => this.askOthers(card) };
    this.cards = data.candidates.map((candidate) => new CandidateCard(candidate, data, on));
    const focused = this.list.contains(this.root.getRootNode().activeElement);
    this.list.replaceChildren(...this.cards.map((card) => card.node));
    this.root.toggleAttribute("data-empty", !this.cards.length);
    this.root.toggleAttribute("data-list-only", Boolean(data.list_only));
    this.root.toggleAttribute("data-reversible", Boolean(data.reversible));
    this.at = -1;
    this.show(this.placeToBegin());
    if (focused) this.chosen?.article.focus({ preventScroll: true });
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        this.root.dataset.ready = Number(this.root.dataset.ready ?? 0) + 1;
      }),
    );
  }

  dress() {
    this.root.dataset.theme = this.forcedTheme ?? themeOf(this.root);
  }

  get memoryKey() {
    return `${this.data.view_key}/${this.data.doc}`;
  }

  /** Where the reader was, else what the address names, else the best. */
  placeToBegin() {
    const id = PLACES.get(this.memoryKey) ?? this.data.candidate;
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
    this.light(null);
    this.side.draw(this.data, this.chosen?.candidate ?? null);
  }

  /** The reader chose a candidate: show it and, after a pause, tell. */
  choose(at) {
    if (at < 0 || at >= this.cards.length) return;
    const before = this.chosen?.node.getBoundingClientRect().top;
    if (at !== this.at) this.show(at);
    const { node, article, candidate } = this.chosen;
    article.focus({ preventScroll: true });
    if (before !== undefined) node.scrollIntoView({ block: "nearest" });
    PLACES.set(this.memoryKey, candidate.id);
    this.say(this.chosen.name());
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => this.report("candidate", { id: candidate.id }), REPORT_PAUSE_MS);
  }

  askOthers(card) {
    this.report("others", { id: card.candidate.id });
  }

  // ---- twins

  /** Light a run of a candidate on both sides; null puts the light out. */
  light(number, card = this.chosen) {
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

  /** Light the next run of the chosen candidate. */
  stepRun(step) {
    const numbers = [...new Set(this.chosen?.candidate.runs.map((run) => run.number))];
    if (!numbers.length) return;
    const at = numbers.indexOf(this.lit);
    const next = at < 0 ? (step > 0 ? 0 : numbers.length - 1) : (at + step + numbers.length) % numbers.length;
    this.light(numbers[next]);
    for (const node of this.root.querySelectorAll("mark.lit")) node.scrollIntoView({ block: "nearest" });
    const run = this.chosen.candidate.runs.find((one) => one.number === numbers[next]);
    this.say(`Run ${run.number}, ${run.amount}: ${run.quote}`);
  }

  // ---- reports

  say(text) {
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
    on("pointerleave", () => this.light(null));
    on("keydown", (event) => {
      if (event.key === "Tab") return;
      // Streamlit listens for letters on the document: no key of ours may reach it.
      event.stopPropagation();
      this.press(event);
    });
    return () => off.abort();
  }

  hover(event) {
    const run = event.target.closest?.("[data-runs]");
    const holder = event.target.closest?.(".tr-card");
    const card = holder ? this.cards.find((one) => one.node === holder) : (this.previewed ?? this.chosen);
    if (!run) {
      // Between the runs of a card that is not the chosen one, its preview stays.
      if (this.lit !== null || (this.previewed && card !== this.previewed)) this.light(null, holder ? card : this.chosen);
      return;
    }
    this.light(Number(run.dataset.runs.split(" ")[0]), card);
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
      b: () => this.data.reversible && this.askOthers(this.chosen),
      Escape: () => this.light(null),
    }[event.key];
    if (!act || (inButton && event.key === "Enter")) return;
    event.preventDefault();
    act();
  }
}
