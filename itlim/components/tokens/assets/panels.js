// The floating panels: details of a token and statistics of a selection.
// They are popovers: the browser draws them above everything, and no container clips them.

import {
  element,
  formatNumber,
  formatProbability,
  formatShare,
  visibleText,
} from "../../shared/assets/visible_text.js";
import { CATEGORIES, amountText } from "./token_table.js";

export class Panel {
  constructor(node) {
    this.node = node;
    this.anchor = null;
  }

  get open() {
    return this.anchor !== null;
  }

  /** Show next to the box that `anchor()` returns: below it if there is room, otherwise above. */
  show(anchor) {
    if (!this.open) this.node.showPopover();
    this.anchor = anchor;
    this.place();
  }

  hide() {
    if (!this.open) return;
    this.anchor = null;
    this.node.hidePopover();
  }

  place() {
    if (!this.open) return;
    const rect = this.anchor();
    const { offsetWidth: width, offsetHeight: height } = this.node;
    const margin = 8;
    let top = rect.bottom + margin;
    if (top + height > innerHeight - margin) top = rect.top - height - margin;
    if (top < margin) top = Math.max(margin, innerHeight - height - margin);
    const left = Math.max(margin, Math.min(innerWidth - width - margin, rect.left));
    this.node.style.left = `${left}px`;
    this.node.style.top = `${top}px`;
  }
}

/** Label, value and hint of each fact as a list. */
function factList(facts) {
  const list = element("dl", "facts");
  for (const [label, value, hint] of facts) {
    const term = element("dt", "", label);
    if (hint) term.title = hint;
    list.append(term, element("dd", "", value));
  }
  return list;
}

/** Interleave two lists, each of which becomes one column of a list of facts. */
function interleaved(left, right) {
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, row) => row);
  return rows.flatMap((row) => [left[row], right[row]]).filter(Boolean);
}

export function categoryBadge(category) {
  return element("span", `badge ${CATEGORIES[category]}`, CATEGORIES[category]);
}

// ---- one token

export class TokenTip extends Panel {
  /** `select(position)` selects the word of a token. */
  constructor(node, select) {
    super(node);
    this.select = select;
    this.position = -1;
    this.pinned = false;
  }

  show(table, position, anchor, pinned) {
    this.position = position;
    this.pinned = pinned;
    this.node.classList.toggle("pinned", pinned);
    this.node.replaceChildren(...this.content(table, position));
    super.show(anchor);
  }

  hide() {
    this.pinned = false;
    this.position = -1;
    super.hide();
  }

  content(table, position) {
    const parts = [this.head(table, position)];
    if (table.differs(position)) parts.push(this.difference(table, position));
    parts.push(this.facts(table, position), this.tops(table, position));
    if (this.pinned) parts.push(this.foot(table, position));
    return parts;
  }

  /** A pinned panel offers to select the word: a phone has neither Shift nor a mouse to drag. */
  foot(table, position) {
    const foot = element("div", "foot");
    if (table.data.steps?.length && !table.isEnd(position)) {
      const button = element("button", "", "Select this word");
      button.type = "button";
      button.onclick = () => this.select(position);
      foot.append(button);
    }
    foot.append(element("span", "", "pinned · Esc or click to unpin"));
    return foot;
  }

  head(table, position) {
    const head = element("div", "head");
    const name = table.isEnd(position)
      ? "end of the response"
      : table.isContinuation(position)
        ? "continues the previous character"
        : visibleText(table.text(position));
    head.append(
      element("span", table.text(position) ? "word" : "word unnamed", name),
      categoryBadge(table.category(position)),
      element("span", "place", `position ${position} · id ${table.data.token_ids[position]}`),
    );
    return head;
  }

  difference(table, position) {
    const first = table.argmaxText(position);
    const name = first === null ? `id ${table.data.argmax_ids[position]}` : visibleText(first);
    return element("div", "difference", `≠ not the tuned model's first choice, which is ${name}`);
  }

  facts(table, position) {
    const factsOf = (subject, hint) =>
      table.measuresOf(subject).map((measure) => [measure.name, table.shown(measure, position), hint]);
    const facts = interleaved(
      factsOf("distributions"),
      factsOf("first choice", "of the tuned model's first choice"),
    );
    if (table.differs(position)) facts.push(...factsOf("emitted"));
    return factList(facts);
  }

  tops(table, position) {
    const columns = element("div", "tops");
    const { base, tuned } = table.data.models;
    columns.append(
      this.topList(table, position, "top_base", "base", base, "emitted_prob"),
      this.topList(table, position, "top_tuned", "tuned", tuned, "emitted_tuned_prob"),
    );
    return columns;
  }

  topList(table, position, column, role, name, emittedColumn) {
    const list = element("div", `top ${role}`);
    const title = element("div", "title");
    title.append(element("b", "", role), element("span", "model", name === role ? "" : name));
    list.append(title);
    const entries = table.top(column, position);
    const emitted = table.data.token_ids[position];
    let kept = 0;
    for (const entry of entries) {
      kept += entry.probability;
      const mark = entry.id === emitted ? "emitted" : entry.id === table.data.argmax_ids[position] ? "first" : "";
      list.append(this.row(visibleText(entry.text), entry.probability, mark));
    }
    if (entries.length && !entries.some((entry) => entry.id === emitted)) {
      const shown = table.text(position) ? visibleText(table.text(position)) : `id ${emitted}`;
      const probability = table.value(emittedColumn, position);
      kept += probability;
      list.append(this.row(shown, probability, "emitted beyond"));
    }
    list.append(this.row("all other tokens", Math.max(0, 1 - kept), "rest"));
    return list;
  }

  row(name, probability, mark) {
    const row = element("div", `row ${mark}`);
    const bar = element("i");
    bar.style.width = `${Math.max(0.5, 100 * probability)}%`;
    row.append(bar, element("span", "name", name), element("span", "amount", formatProbability(probability)));
    return row;
  }
}

// ---- a selection

export class SelectionCard extends Panel {
  /** `actions` are [label, action] pairs; `step(name)` opens a next step. */
  constructor(node, actions, step) {
    super(node);
    this.actions = actions;
    this.step = step;
    this.figuresOpen = false;
  }

  show(table, [start, stop], anchor) {
    const steps = table.data.steps ?? [];
    this.node.replaceChildren(
      this.head(table, start, stop),
      element("blockquote", "", table.textBetween(start, stop) || "(no text)"),
      ...(steps.length ? [this.stepRow(steps)] : []),
      this.figures(table, start, stop, !steps.length),
    );
    super.show(anchor);
  }

  /** One button per next step; Enter takes the first. */
  stepRow(steps) {
    const row = element("div", "steps");
    steps.forEach(({ name, label }, index) => {
      const button = element("button", index ? "" : "primary", label);
      button.type = "button";
      button.dataset.step = name;
      if (!index) button.append(element("kbd", "", "Enter"));
      button.onclick = () => this.step(name);
      row.append(button);
    });
    return row;
  }

  figures(table, start, stop, open) {
    const box = element("details", "figures");
    box.open = open || this.figuresOpen;
    box.ontoggle = () => {
      this.figuresOpen = box.open;
      this.place();
    };
    box.append(
      element("summary", "", "Figures"),
      this.shares(table, start, stop),
      factList(this.facts(table, start, stop)),
    );
    return box;
  }

  head(table, start, stop) {
    const head = element("div", "head");
    const count = stop - start;
    const places = count === 1 ? `position ${start}` : `positions ${start}–${stop - 1}`;
    const withEnd = [...table.ends].some((end) => start <= end && end < stop);
    head.append(
      element("b", "", `${count} token${count === 1 ? "" : "s"}`),
      element("span", "place", places + (withEnd ? ", with the end token" : "")),
    );
    for (const [label, action] of this.actions) {
      const button = element("button", "", label);
      button.type = "button";
      if (label === "×") button.setAttribute("aria-label", "Clear the selection");
      button.onclick = action;
      head.append(button);
    }
    return head;
  }

  positions(start, stop) {
    return Array.from({ length: stop - start }, (_, index) => start + index);
  }

  shares(table, start, stop) {
    const counts = table.categoryCounts(this.positions(start, stop));
    const block = element("div", "shares");
    block.append(shareBar(counts));
    counts.forEach((count, category) => {
      block.append(categoryBadge(category), element("span", "amount", `${count} · ${formatShare(count, stop - start)}`));
    });
    return block;
  }

  facts(table, start, stop) {
    const main = table.mainMeasure;
    const divergence = table.summary(main.column, this.positions(start, stop));
    const base = table.jointLogProbability("emitted_prob", start, stop);
    const tuned = table.jointLogProbability("emitted_tuned_prob", start, stop);
    return [
      [`${main.name}, mean`, amountText(main, divergence.mean)],
      [`${main.name}, maximum`, amountText(main, divergence.max)],
      ["Joint log-probability, base", `${formatNumber(base)} nats`],
      ["Joint log-probability, tuned", `${formatNumber(tuned)} nats`],
      ["Difference, tuned − base", `${formatNumber(tuned - base)} nats`],
    ];
  }
}

/** The three counts as one bar; decorative, because the numbers are next to it. */
function shareBar(counts) {
  const bar = element("div", "share-bar");
  bar.setAttribute("aria-hidden", "true");
  counts.forEach((count, category) => {
    const piece = element("i", CATEGORIES[category]);
    piece.style.flexGrow = count;
    if (count) bar.append(piece);
  });
  return bar;
}
