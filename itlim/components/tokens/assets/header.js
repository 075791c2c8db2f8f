// The header above the text: the measure that colors the tokens, the legend, and the number of
// tokens per color.

import { element, formatShare } from "../../shared/assets/visible_text.js";
import { categoryBadge } from "./panels.js";
import { CATEGORY_VIEW, amountText, formatAmount } from "./token_table.js";

const CATEGORY_CHOICE = {
  column: CATEGORY_VIEW,
  label: "Shift",
  title: "unshifted, marginal or shifted, by base rank",
};

export class Header {
  /** `on` contains the callbacks `metric(column)`, `snap()`, `help(button)`. */
  constructor(root, on) {
    this.on = on;
    this.root = root;
    this.metrics = root.querySelector(".tv-metrics");
    this.legend = root.querySelector(".tv-legend");
    this.snap = root.querySelector(".tv-snap");
    this.help = root.querySelector(".tv-help");
    this.snap.onclick = () => on.snap();
    this.help.onclick = () => on.help(this.help);
    this.unfolded = false;
    root.querySelector(".tv-more").onclick = () => this.unfold();
    this.metrics.addEventListener("keydown", (event) => this.moveChoice(event));
  }

  /** Show all colorings. */
  unfold() {
    this.unfolded = true;
    this.root.removeAttribute("data-fold");
    this.metrics.querySelector('[tabindex="0"]')?.focus();
  }

  draw(table, view, snapToWords, streaming) {
    this.drawChoices(table, view);
    this.snap.textContent = snapToWords ? "select whole words" : "select single tokens";
    this.snap.title = "Selections snap to whole words or to single tokens (w)";
    const metric = table.metrics.get(view);
    const legend = metric ? this.stepLegend(table, metric) : this.categoryLegend(table);
    if (streaming) legend.push(element("span", "note live", "generating…"));
    this.legend.replaceChildren(...legend);
  }

  drawChoices(table, view) {
    const choices = [CATEGORY_CHOICE, ...table.metrics.values()];
    if (this.metrics.childElementCount !== choices.length) {
      this.metrics.replaceChildren(
        ...choices.map((choice) => {
          const button = element("button", "", choice.label);
          button.type = "button";
          button.dataset.metric = choice.column;
          button.setAttribute("role", "radio");
          button.title = choice.column === CATEGORY_VIEW ? choice.title : `${choice.title}: ${choice.meaning}`;
          button.onclick = () => this.on.metric(choice.column);
          return button;
        }),
      );
    }
    for (const button of this.metrics.children) {
      const chosen = button.dataset.metric === view;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  }

  /** Arrow keys move through the radio group. */
  moveChoice(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...this.metrics.children];
    const at = buttons.findIndex((button) => button.getAttribute("aria-checked") === "true");
    const next = buttons[(at + step + buttons.length) % buttons.length];
    this.on.metric(next.dataset.metric);
    next.focus();
  }

  categoryLegend(table) {
    const positions = table.counted();
    const counts = table.categoryCounts(positions);
    const parts = counts.map((count, category) => {
      const item = element("span", "item");
      item.append(categoryBadge(category), element("span", "rule", this.rule(table.thresholds, category)));
      if (table.length) item.append(element("b", "", `${count} · ${formatShare(count, positions.length)}`));
      return item;
    });
    const { marginal_above: marginal, shifted_above: shifted } = table.thresholds;
    if (marginal !== 1 || shifted !== 3) parts.push(element("span", "note", "The paper uses ranks 1 and 3."));
    return [...parts, ...this.count(table, positions)];
  }

  /** The base ranks of a category, in words. */
  rule({ marginal_above: marginal, shifted_above: shifted }, category) {
    const from = [1, marginal + 1, shifted + 1][category];
    const to = [marginal, shifted, Infinity][category];
    if (to < from) return "no rank";
    if (to === Infinity) return `rank > ${shifted}`;
    return from === to ? `rank ${from}` : `rank ${from}–${to}`;
  }

  stepLegend(table, metric) {
    const scale = element("span", "scale");
    // The right edge of each step is labeled; inverted metrics run from high values to low ones.
    const edges = metric.inverted ? [...metric.edges].reverse() : metric.edges;
    for (let step = 0; step < 8; step++) {
      const cell = element("span", "cell");
      cell.append(element("i", `step-${step}`));
      if (step < 7) cell.append(element("span", "edge", edgeLabel(metric, edges[step])));
      scale.append(cell);
    }
    const positions = table.counted();
    const parts = [element("span", "title", metric.title), scale];
    const range = table.summary(metric.column, positions);
    if (range) {
      const min = formatAmount(metric, range.min);
      const text = `${min} to ${amountText(metric, range.max)}, mean ${amountText(metric, range.mean)}`;
      parts.push(element("span", "range", text));
    }
    return [...parts, ...this.count(table, positions)];
  }

  count(table, positions) {
    if (!table.length) return [];
    let text = `n = ${positions.length.toLocaleString("en")}`;
    if (table.ends.size) text += table.includeEnd ? ", end token counted" : ", end token not counted";
    const parts = [element("span", "note", text)];
    const differing = positions.filter((position) => table.differs(position)).length;
    if (differing) {
      const note = element("span", "note", `≠ ${differing} not the tuned model's first choice`);
      parts.push(note);
    }
    return parts;
  }
}

/** 0.3 → "0.3"; a probability of 0.0001 → "0.01%". */
function edgeLabel(metric, edge) {
  if (metric.unit !== "probability") return edge.toLocaleString("en");
  return `${Number((100 * edge).toPrecision(6))}%`;
}
