// The data behind the view of one response: categories at the current thresholds, color steps,
// words and statistics. It does not use the DOM.

import { formatNumber, formatProbability } from "../../shared/assets/visible_text.js";

export const CATEGORIES = ["unshifted", "marginal", "shifted"];
export const CATEGORY_VIEW = "category";
const EMPTY_DATA = {
  doc: "", texts: [], token_ids: [], argmax_ids: [], ends: [], columns: {}, measures: [],
  vocabulary: { ids: [], texts: [] }, top_base: [], top_tuned: [], models: { base: "base", tuned: "tuned" },
};

/**
 * The data after an update: the update itself if it is complete, otherwise the previous data with
 * the rows from token `start` on replaced. Null if the part that the update follows is missing.
 */
export function joinedData(before, update) {
  if (update.follows === undefined) return update;
  if (before.doc !== update.doc) return null;
  if (before.part === update.part) return { ...before, ...update, ...rowsOf(before) };
  if (before.part !== update.follows) return null;
  return { ...before, ...update, ...joinedRows(rowsOf(before), rowsOf(update), update.start) };
}

/** The part of the data that grows with the tokens. */
function rowsOf({ texts, token_ids, argmax_ids, ends, columns, vocabulary, top_base, top_tuned }) {
  return { texts, token_ids, argmax_ids, ends, columns, vocabulary, top_base, top_tuned };
}

function joinedRows(before, later, start) {
  const known = before.vocabulary.ids.length;
  // A top list alternates vocabulary index and probability; later words follow the known ones.
  const renumbered = (row) => row.map((item, at) => (at % 2 ? item : item + known));
  const join = (one, other) => [...one.slice(0, start), ...other];
  const columns = Object.keys(before.columns).map((name) => [name, join(before.columns[name], later.columns[name])]);
  return {
    texts: join(before.texts, later.texts),
    token_ids: join(before.token_ids, later.token_ids),
    argmax_ids: join(before.argmax_ids, later.argmax_ids),
    ends: [...before.ends.filter((end) => end < start), ...later.ends],
    columns: Object.fromEntries(columns),
    vocabulary: {
      ids: [...before.vocabulary.ids, ...later.vocabulary.ids],
      texts: [...before.vocabulary.texts, ...later.vocabulary.texts],
    },
    top_base: join(before.top_base, later.top_base.map(renumbered)),
    top_tuned: join(before.top_tuned, later.top_tuned.map(renumbered)),
  };
}

export class TokenTable {
  constructor(data) {
    this.data = { ...EMPTY_DATA, ...data };
    this.ends = new Set(this.data.ends);
    this.measures = new Map(this.data.measures.map((measure) => [measure.column, measure]));
    const metrics = this.data.measures.filter((measure) => measure.place !== null);
    metrics.sort((one, other) => one.place - other.place);
    this.metrics = new Map(metrics.map((metric) => [metric.column, metric]));
    this.thresholds = data.thresholds ?? { marginal_above: 1, shifted_above: 3 };
    this.includeEnd = Boolean(data.include_end);
    this.words = null;
  }

  get length() {
    return this.data.texts.length;
  }

  text(position) {
    return this.data.texts[position];
  }

  /** 0 unshifted, 1 marginal, 2 shifted, at the current thresholds. */
  category(position) {
    const rank = this.data.columns.base_rank[position];
    if (rank <= this.thresholds.marginal_above) return 0;
    return rank <= this.thresholds.shifted_above ? 1 : 2;
  }

  value(column, position) {
    return this.data.columns[column][position];
  }

  /** The measures of `subject`, in the order of their table (itlim/measures/token_shifts.py). */
  measuresOf(subject) {
    return [...this.measures.values()].filter((measure) => measure.subject === subject);
  }

  /** The measure that is shown where a single number represents the shift. */
  get mainMeasure() {
    return this.metrics.values().next().value;
  }

  /** A measure of a token as text: the number with its unit. */
  shown(measure, position) {
    return amountText(measure, this.value(measure.column, position));
  }

  /** Color step, 0 to 7, of a token: the number of the metric's edges that its value passes. */
  step(metric, position) {
    const value = this.value(metric.column, position);
    if (metric.inverted) return metric.edges.filter((edge) => value < edge).length;
    return metric.edges.filter((edge) => value > edge).length;
  }

  isEnd(position) {
    return this.ends.has(position);
  }

  /** Whether a token continues a character that several tokens encode together. */
  isContinuation(position) {
    return this.text(position) === "" && !this.isEnd(position);
  }

  /** Whether the emitted token is not the tuned model's first choice. */
  differs(position) {
    return this.data.argmax_ids[position] !== this.data.token_ids[position];
  }

  textBetween(start, stop) {
    return this.data.texts.slice(start, stop).join("");
  }

  counted(start = 0, stop = this.length) {
    const positions = [];
    for (let position = start; position < stop; position++) {
      if (this.includeEnd || !this.isEnd(position)) positions.push(position);
    }
    return positions;
  }

  categoryCounts(positions) {
    const counts = [0, 0, 0];
    for (const position of positions) counts[this.category(position)]++;
    return counts;
  }

  /** n, minimum, maximum and mean of a column over positions; null if there are none. */
  summary(column, positions) {
    if (!positions.length) return null;
    let min = Infinity, max = -Infinity, sum = 0;
    for (const position of positions) {
      const value = this.value(column, position);
      min = Math.min(min, value);
      max = Math.max(max, value);
      sum += value;
    }
    return { n: positions.length, min, max, mean: sum / positions.length };
  }

  /** Log-probability, in nats, that a model gives to the emitted tokens [start, stop). */
  jointLogProbability(column, start, stop) {
    let sum = 0;
    for (let position = start; position < stop; position++) sum += Math.log(this.value(column, position));
    return sum;
  }

  /** One model's top tokens at a position, most probable first. */
  top(column, position) {
    const packed = this.data[column][position] ?? [];
    const entries = [];
    for (let index = 0; index < packed.length; index += 2) {
      entries.push({
        id: this.data.vocabulary.ids[packed[index]],
        text: this.data.vocabulary.texts[packed[index]],
        probability: packed[index + 1],
      });
    }
    return entries;
  }

  /** Text of the tuned model's first choice; null if it is not among the stored top tokens. */
  argmaxText(position) {
    const found = this.top("top_tuned", position).find((entry) => entry.id === this.data.argmax_ids[position]);
    return found ? found.text : null;
  }

  // ---- words

  /** The half-open token range of the word that a token belongs to. */
  wordBounds(position) {
    this.words ??= joinedTokens(this.data.texts);
    let start = position, stop = position + 1;
    while (start > 0 && this.words[start]) start--;
    while (stop < this.length && this.words[stop]) stop++;
    return [start, stop];
  }

  /** The number of leading tokens that are the same in an earlier table, whose elements can stay. */
  keptTokens(before) {
    const shared = Math.min(before.length, this.length);
    let position = 0;
    while (position < shared && this.looksLike(before, position)) position++;
    return position;
  }

  looksLike(before, position) {
    return (
      this.data.texts[position] === before.data.texts[position] &&
      this.data.token_ids[position] === before.data.token_ids[position] &&
      this.data.argmax_ids[position] === before.data.argmax_ids[position] &&
      this.isEnd(position) === before.isEnd(position)
    );
  }
}

/** A value of a measure, without its unit. */
export function formatAmount({ unit }, value) {
  return unit === "probability" ? formatProbability(value) : formatNumber(value);
}

/** A value of a measure with its unit; ranks and probabilities need none. */
export function amountText(measure, value) {
  const bare = measure.unit.startsWith("rank") || measure.unit === "probability";
  return formatAmount(measure, value) + (bare ? "" : ` ${measure.unit}`);
}

/** For each token whether it goes on with the word that the token before it was in. */
function joinedTokens(texts) {
  const whole = texts.join("");
  const inside = insideWord(whole);
  const joined = new Array(texts.length).fill(false);
  let offset = 0;
  texts.forEach((text, position) => {
    // An empty token continues the previous character.
    joined[position] = position > 0 && (text === "" ? offset < whole.length : inside(offset));
    offset += text.length;
  });
  return joined;
}

/** Returns a function: whether a UTF-16 offset is inside a word, not at its edge. */
function insideWord(text) {
  if (typeof Intl.Segmenter !== "function") {
    const letter = /[\p{L}\p{N}\p{M}_]/u;
    return (offset) => letter.test(text.charAt(offset - 1)) && letter.test(text.charAt(offset));
  }
  const inside = new Uint8Array(text.length + 1);
  for (const segment of new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)) {
    if (segment.isWordLike) inside.fill(1, segment.index + 1, segment.index + segment.segment.length);
  }
  return (offset) => inside[offset] === 1;
}
