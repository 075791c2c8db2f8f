import assert from "node:assert/strict";
import { test } from "node:test";

import { formatNumber, formatProbability, formatShare, textParts } from "../../itlim/components/shared/assets/visible_text.js";
import { isWebAddress, withScheme } from "../../itlim/components/shared/assets/web_address.js";
import { copyText, isDrag, releasePointer } from "../../itlim/components/shared/assets/gestures.js";
import { labelClass } from "../../itlim/components/marking/assets/mark_drawing.js";
import { ActiveTime } from "../../itlim/components/marking/assets/active_time.js";
import { cutText, foldPieces } from "../../itlim/components/trace/assets/cutting.js";

test("numbers keep about three significant digits and a real minus sign", () => {
  const written = [0, -3, 1234, 123.4, 12.34, 1.234, 0.01234, 0.001234, -0.00000123, Infinity, NaN, null];
  assert.deepEqual(written.map(formatNumber), [
    "0", "−3", "1,234", "123", "12.3", "1.23", "0.01", "0.0012", "−1.2×10⁻⁶", "∞", "–", "–",
  ]);
});

test("probabilities never round to 0% or 100%", () => {
  const written = [0, 1e-9, 0.0001, 0.05, 0.5, 0.999, 0.99999, 1, undefined];
  assert.deepEqual(written.map(formatProbability), [
    "0%", "1.0×10⁻⁹", "0.01%", "5.00%", "50%", "99.9%", ">99.9%", "100%", "–",
  ]);
  assert.deepEqual([formatShare(1, 3), formatShare(0, 0)], ["33%", "–"]);
});

test("the parts of a token concatenate to the token", () => {
  const text = "a\u202eb\n\u0000c🙂";
  const parts = textParts(text);
  assert.equal(parts.map((part) => part.text).join(""), text);
  assert.deepEqual(parts.map((part) => part.kind), ["plain", "chip", "plain", "break", "chip", "plain"]);
});

test("the pieces of a cut text concatenate to it and never split a character", () => {
  const text = "🙂".repeat(300) + " mid " + "a\u0301".repeat(400);
  const marks = [{ start: 600, stop: 604 }, { start: 602, stop: 641 }];
  const pieces = foldPieces(cutText(text, marks));
  assert.equal(pieces.map((piece) => piece.text).join(""), text);
  assert.equal(pieces.filter((piece) => /^[\udc00-\udfff\u0301]/.test(piece.text)).length, 0);
  assert.equal(pieces.filter((piece) => piece.folded).length, 2);
});

test("overlapping marks are both named by the piece that they share", () => {
  const [left, right] = [{ start: 0, stop: 3 }, { start: 2, stop: 5 }];
  const pieces = cutText("abcdef", [left, right]);
  assert.deepEqual(pieces.map((piece) => piece.text), ["ab", "c", "de", "f"]);
  assert.deepEqual(pieces.map((piece) => piece.marks), [[left], [left, right], [right], []]);
});

test("active time stops half a minute after the last input and while the tab is hidden", () => {
  let now = 0;
  const time = new ActiveTime(() => now);
  const counted = [];
  const at = (moment, act) => {
    now = moment;
    act?.();
    counted.push(time.take());
  };
  at(10_000);
  at(100_000);
  at(105_000, () => time.touched());
  at(110_500);
  at(120_500, () => time.hidden());
  at(130_000);
  assert.deepEqual(counted, [10_000, 20_000, 0, 5_500, 10_000, 0]);
});

test("a drag starts after 4 pixels with a mouse and after 12 with a finger", () => {
  const moved = (pointerType, clientX) => isDrag({ x: 0, y: 0 }, { pointerType, clientX, clientY: 0 });
  assert.deepEqual([moved("mouse", 3), moved("mouse", 4), moved("touch", 11), moved("touch", 12)], [false, true, false, true]);
});

test("a pointer capture is released only where there is one", () => {
  const released = [];
  const node = (has) => ({ hasPointerCapture: () => has, releasePointerCapture: (id) => released.push(id) });
  releasePointer(node(false), { pointerId: 1 });
  releasePointer(node(true), { pointerId: 2 });
  assert.deepEqual(released, [2]);
});

test("copying puts the text on the clipboard, and an empty text changes nothing", () => {
  const done = [];
  const event = { preventDefault: () => done.push("prevented"), clipboardData: { setData: (...given) => done.push(given) } };
  copyText(event, "", (said) => done.push(said));
  assert.deepEqual(done, []);
  copyText(event, "a b", (said) => done.push(said));
  assert.deepEqual(done, ["prevented", ["text/plain", "a b"], "Copied"]);
});

test("labels repeat four hues, dashed from the fifth on", () => {
  assert.deepEqual([-1, 0, 3, 4, 8].map(labelClass), ["label-none", "label-0", "label-3", "label-0 again", "label-0"]);
});

test("only an http or https address with a host and without spaces is a link", () => {
  const good = ["https://example.org", "http://localhost:80/a?b#c", "https://de.wikipedia.org/wiki/Straße", "http://[::1]/"];
  const bad = [
    "", "example.org", "https://", "https:///a", "https://a b.org", "javascript:alert(1)", "JavaScript://a.org/%0a", "data:text/html,x",
    "ftp://a.org", "https://known.org@other.org/", "https:\\\\a.org", "https://a.org/\u202ex", "https://[::1",
  ];
  assert.deepEqual(good.filter((text) => !isWebAddress(text)), []);
  assert.deepEqual(bad.filter(isWebAddress), []);
});

test("a typed address gets its scheme, and a text that is no address is refused", () => {
  const typed = ["", " https://a.org/b ", "en.wikipedia.org/wiki/Emu", "no address", "javascript:alert(1)", "word", "mail@a.org"];
  assert.deepEqual(typed.map(withScheme), ["", "https://a.org/b", "https://en.wikipedia.org/wiki/Emu", null, null, null, null]);
});
