// Drawing of marks: a tint behind the words, a bar below them and a numbered tag at the start.
// The bars of overlapping marks are in different lanes, so each can be seen and clicked.

import { element } from "../../shared/assets/visible_text.js";

const LANE_PX = 5;
const LANES_IN_A_LINE = 2;
const TAG_PX = 15;

export class MarkDrawing {
  constructor(root, surface) {
    this.surface = surface;
    this.text = root.querySelector(".mv-text");
    const [under, over] = [root.querySelector(".mv-under"), root.querySelector(".mv-over")];
    const layer = (parent) => parent.appendChild(element("div"));
    [this.tints, this.chosenGround, this.selected] = [layer(under), layer(under), layer(under)];
    [this.lines, this.frame, this.caret] = [layer(over), layer(over), layer(over)];
  }

  /** Draw marks and suggestions; `numberOf` gives the index of a label, -1 if unknown. */
  drawMarks(stops, chosen, numberOf) {
    const lanes = lanesOf(stops);
    this.text.style.setProperty("--mv-extra", `${Math.max(0, Math.max(0, ...lanes) + 1 - LANES_IN_A_LINE) * LANE_PX}px`);
    const tints = [];
    const lines = [];
    const taken = [];
    stops.forEach((stop, index) => {
      const number = stop.suggested ? null : numberOf(stop.label);
      const boxes = this.surface.boxes(stop.start, stop.stop);
      for (const box of boxes) {
        if (!stop.suggested) tints.push(placed(box, `tint ${labelClass(number)}`));
        lines.push(this.line(stop, box, lanes[index], number));
      }
      if (boxes.length) lines.push(this.tag(stop, boxes[0], number, taken));
    });
    this.tints.replaceChildren(...tints);
    this.lines.replaceChildren(...lines);
    this.drawChosen(stops.find((stop) => stop.id === chosen), numberOf);
  }

  line(stop, box, lane, number) {
    if (stop.suggested) return placed(box, "hint", stop.id);
    const top = box.bottom - 1 + lane * LANE_PX;
    return placed({ ...box, top, bottom: top + LANE_PX }, `bar ${labelClass(number)}`, stop.id);
  }

  /** A tag with the number of the label above the first word, next to other tags there. */
  tag(stop, box, number, taken) {
    const rtl = this.surface.isRightToLeft(stop.start);
    let left = rtl ? box.right - TAG_PX : box.left;
    const covers = (tag) => Math.abs(tag.top - box.top) < 4 && Math.abs(tag.left - left) < TAG_PX;
    while (taken.some(covers)) left += rtl ? -TAG_PX - 1 : TAG_PX + 1;
    taken.push({ left, top: box.top });
    const node = element("b", `tag ${stop.suggested ? "open" : labelClass(number)}`, tagText(stop, number));
    node.dataset.stop = stop.id;
    node.style.cssText = `left:${left}px;top:${box.top}px;`;
    return node;
  }

  drawChosen(stop, numberOf) {
    const boxes = stop ? this.surface.boxes(stop.start, stop.stop) : [];
    const kind = stop && !stop.suggested ? labelClass(numberOf(stop.label)) : "";
    this.chosenGround.replaceChildren(...boxes.map((box) => placed(box, `tint strong ${kind}`)));
    const frames = boxes.map((box) => placed(box, `frame ${kind}`));
    if (stop && !stop.suggested && boxes.length) frames.push(...this.handles(stop, boxes, kind));
    this.frame.replaceChildren(...frames);
  }

  handles(stop, boxes, kind) {
    const first = boxes[0];
    const last = boxes.at(-1);
    const startX = this.surface.isRightToLeft(stop.start) ? first.right : first.left;
    const stopX = this.surface.isRightToLeft(stop.stop - 1) ? last.left : last.right;
    const handle = (edge, x, box) => {
      const node = placed({ ...box, left: x - 7, right: x + 7 }, `handle ${kind}`, stop.id);
      node.dataset.edge = edge;
      return node;
    };
    return [handle("start", startX, first), handle("stop", stopX, last)];
  }

  drawSelection(range) {
    const boxes = range ? this.surface.boxes(...range) : [];
    this.selected.replaceChildren(...boxes.map((box) => placed(box, "selection")));
  }

  drawCaret(range) {
    const boxes = range ? this.surface.boxes(...range) : [];
    this.caret.replaceChildren(...boxes.map((box) => placed(box, "caret")));
  }
}

/** The lowest free lane for each mark; marks that begin first, or are longer, come first. */
function lanesOf(stops) {
  const ends = [];
  const lanes = new Array(stops.length).fill(0);
  stops.forEach((stop, index) => {
    if (stop.suggested) return;
    let lane = ends.findIndex((end) => end <= stop.start);
    if (lane < 0) lane = ends.length;
    ends[lane] = stop.stop;
    lanes[index] = lane;
  });
  return lanes;
}

function placed({ left, top, right, bottom }, className, id) {
  const node = element("i", className);
  node.style.cssText = `left:${left}px;top:${top}px;width:${right - left}px;height:${bottom - top}px;`;
  if (id !== undefined) node.dataset.stop = id;
  return node;
}

/** Four hues; from the fifth label on they repeat, dashed. */
export function labelClass(number) {
  if (number < 0) return "label-none";
  return `label-${number % 4}${number % 8 > 3 ? " again" : ""}`;
}

export function tagText(stop, number) {
  if (stop.suggested) return "?";
  return number < 0 ? "–" : String(number + 1);
}
