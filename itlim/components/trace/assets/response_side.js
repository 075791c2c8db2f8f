// The left side: the verdict, the response with the traced span, and the runs of one candidate.

import { element } from "../../shared/assets/visible_text.js";
import { HUES, appendVisible, fillMarkedText } from "./marked_text.js";

export class ResponseSide {
  constructor(root) {
    this.verdict = root.querySelector(".tr-verdict");
    this.lines = root.querySelector(".tr-lines");
    this.title = root.querySelector(".tr-title");
    this.instruction = root.querySelector(".tr-instruction");
    this.text = root.querySelector(".tr-response");
    this.runs = root.querySelector(".tr-runs");
    this.folds = new Set();
    this.doc = null;
  }

  draw(data, candidate) {
    if (this.doc !== data.doc) this.folds.clear();
    this.doc = data.doc;
    const { verdict, beyond_chance: beyond, known, lines } = data.summary;
    this.verdict.textContent = verdict;
    this.verdict.dataset.beyond = known ? String(beyond) : "unknown";
    this.lines.replaceChildren(...lines.map((line) => element("li", "", line)));
    this.title.textContent = data.title;
    this.instruction.hidden = !data.instruction;
    this.instruction.replaceChildren(element("b", "", "Instruction "));
    appendVisible(this.instruction, data.instruction);
    this.drawRuns(data, candidate);
  }

  /** Color the runs of one candidate; null colors none. */
  drawRuns(data, candidate) {
    const runs = candidate?.runs ?? [];
    const [start, stop] = data.span;
    const marks = runs.map((run) => ({ ...run, start: run.span[0], stop: run.span[1] }));
    marks.push({ start, stop, isSpan: true });
    const unfold = (at) => {
      this.folds.add(at);
      this.drawRuns(data, candidate);
    };
    fillMarkedText(this.text, data.response, marks, this.folds, unfold);
    this.runs.replaceChildren(...distinct(runs).map((run) => this.runRow(run, candidate)));
    this.runs.hidden = !runs.length;
  }

  runRow(run, candidate) {
    const row = element("li", `hue-${(run.number - 1) % HUES}`);
    row.dataset.runs = run.number;
    const tag = element("span", run.fuzzy ? "number fuzzy" : `number strength-${run.strength}`, String(run.number));
    const quote = element("q", "", "");
    appendVisible(quote, shortened(run.quote));
    quote.dir = "auto";
    const where = [...new Set(candidate.runs.filter((one) => one.number === run.number).map((one) => candidate.fields[one.field].name))];
    row.append(tag, quote, element("span", "amount", `${run.amount} · ${where.join(", ")}`));
    return row;
  }
}

/** One run per number; runs of the same words in other fields share it. */
function distinct(runs) {
  return runs.filter((run, index) => index === 0 || runs[index - 1].number !== run.number);
}

function shortened(text) {
  const letters = [...text];
  return letters.length > 90 ? `${letters.slice(0, 60).join("")} … ${letters.slice(-25).join("")}` : text;
}
