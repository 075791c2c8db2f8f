// Split a text at the ends of its marks, and fold what is far from any mark. Does not use the DOM.

const NEAR_MARK = 150; // UTF-16 units of plain text shown beside a mark
const WITHOUT_MARK = 220; // UTF-16 units shown of a text without marks
const MIN_FOLDED = 90;
const GRAPHEMES = typeof Intl.Segmenter === "function" ? new Intl.Segmenter() : null;

/**
 * Split a text into pieces `{start, text, marks}`, where `marks` are those that cover the piece.
 * A mark is any object with `start` and `stop`, half-open.
 */
export function cutText(text, marks) {
  const inside = marks.filter(({ start, stop }) => start < stop && stop <= text.length);
  const edges = new Set([0, text.length]);
  for (const { start, stop } of inside) edges.add(start).add(stop);
  const cuts = [...edges].sort((left, right) => left - right);
  const pieces = [];
  for (let index = 0; index + 1 < cuts.length; index++) {
    const [start, stop] = [cuts[index], cuts[index + 1]];
    pieces.push({
      start,
      text: text.slice(start, stop),
      marks: inside.filter((mark) => mark.start <= start && stop <= mark.stop),
    });
  }
  return pieces;
}

/** Split plain pieces further, so that parts far from any mark have `folded: true`. */
export function foldPieces(pieces, near = NEAR_MARK, alone = WITHOUT_MARK) {
  if (pieces.every((piece) => !piece.marks.length)) return pieces.flatMap((piece) => foldPiece(piece, alone, 0));
  return pieces.flatMap((piece, index) => {
    if (piece.marks.length) return [piece];
    return foldPiece(piece, index === 0 ? 0 : near, index === pieces.length - 1 ? 0 : near);
  });
}

function foldPiece(piece, before, after) {
  const { text } = piece;
  const from = before ? breakNear(text, before) : 0;
  const to = after ? breakNear(text, text.length - after) : text.length;
  if (to - from < MIN_FOLDED) return [piece];
  const part = (start, stop, folded) => ({ start: piece.start + start, text: text.slice(start, stop), marks: [], folded });
  return [part(0, from, false), part(from, to, true), part(to, text.length, false)].filter((one) => one.text);
}

/** An offset close to `at` where a text may be split: at a space, else between two characters. */
function breakNear(text, at) {
  for (let step = 0; step < 24; step++) {
    for (const offset of [at - step, at + step]) {
      if (/\s/.test(text.charAt(offset))) return offset;
    }
  }
  return GRAPHEMES?.segment(text).containing(at)?.index ?? at;
}
