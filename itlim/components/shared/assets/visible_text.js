// Shows text of a model. Text is always set as textContent, never as markup; characters that are
// invisible, or that would reorder their neighbors, become chips.

// The same set as itlim/components/shared/visible.py.
export const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ue000-\uf8ff\ufeff\ufff9-\ufffb\ufffd\u{e0000}-\u{e007f}]/u;
const EVERY_INVISIBLE = new RegExp(INVISIBLE.source, "gu");
export const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const SPACE_MARKS = { " ": "␣", "\u00a0": "⍽", "\n": "⏎", "\t": "⇥" };

export function codePointName(character) {
  return character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
}

/** Write a token so that all of its characters are visible: " Nobel" → "␣Nobel". */
export function visibleText(text) {
  if (text === "") return "∅";
  return text
    .replace(/[ \u00a0\n\t]/g, (space) => SPACE_MARKS[space])
    .replace(EVERY_INVISIBLE, (character) => `⟨${codePointName(character)}⟩`);
}

/** Split a token into plain text, line breaks and invisible characters, in order. */
export function textParts(text) {
  const parts = [];
  let plain = "";
  for (const character of text) {
    const kind = character === "\n" ? "break" : INVISIBLE.test(character) ? "chip" : "plain";
    if (kind === "plain") {
      plain += character;
      continue;
    }
    if (plain) parts.push({ kind: "plain", text: plain });
    plain = "";
    parts.push({ kind, text: character });
  }
  if (plain) parts.push({ kind: "plain", text: plain });
  return parts;
}

export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Fill a token's element with its text. */
export function fillToken(node, text) {
  if (text !== "" && !text.includes("\n") && !INVISIBLE.test(text)) {
    node.textContent = text;
    if (!text.trim()) node.setAttribute("aria-label", text.length > 1 ? `${text.length} spaces` : "space");
  } else {
    node.replaceChildren();
    for (const part of textParts(text)) {
      if (part.kind === "plain") node.append(part.text);
      else if (part.kind === "break") node.append(element("span", "break", "↵"), "\n");
      else node.append(element("span", "chip", codePointName(part.text)));
    }
    if (text === "\n") node.setAttribute("aria-label", "line break");
  }
  node.classList.toggle("rtl", RIGHT_TO_LEFT.test(text));
}

// ---- numbers

const MINUS = "\u2212";

/** A number at about three significant digits, with a real minus sign. */
export function formatNumber(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  const size = Math.abs(value);
  const sign = value < 0 ? MINUS : "";
  if (Number.isInteger(size)) return sign + size.toLocaleString("en");
  if (size >= 100) return sign + Math.round(size).toLocaleString("en");
  if (size >= 10) return sign + size.toFixed(1);
  if (size >= 0.01) return sign + size.toFixed(2);
  if (size >= 0.001) return sign + size.toFixed(4);
  return sign + powerOfTen(size);
}

/** 0.00000123 → "1.2×10⁻⁶". */
function powerOfTen(value) {
  const [digits, exponent] = value.toExponential(1).split("e");
  const raised = [...String(Math.abs(exponent))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");
  return `${digits}×10${exponent < 0 ? "⁻" : ""}${raised}`;
}

/** A probability as a percentage; small ones keep their order of magnitude. */
export function formatProbability(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0%";
  if (value > 0.9995 && value < 1) return ">99.9%";
  if (value >= 0.0995) return `${(100 * value).toFixed(1).replace(/\.0$/, "")}%`;
  if (value >= 0.0001) return `${(100 * value).toFixed(2)}%`;
  return powerOfTen(value);
}

export function formatShare(count, total) {
  return total ? `${Math.round((100 * count) / total)}%` : "–";
}
