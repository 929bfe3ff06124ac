// Draws what vision tells of where plates are: outlines that fade, a heat map, and the sketch.
import { widthVerdict } from "/gauges.js";

const SVG = "http://www.w3.org/2000/svg";
/** Width of the drawing; its height follows from the camera's frame. */
export const WIDE = 1600;
const GRID = 64;
const STEP_DEG = 5;
const COLUMNS = 16;
const SHOWN_MS = 8000;

export class View {
  constructor(svg) {
    this.svg = svg;
    this.layers = Object.fromEntries(["sketch", "heat", "outlines"].map((name) => [name, svg.querySelector(`#${name}`)]));
    this.high = 900;
    this.cells = new Map();
    this.sketch = null;
  }

  /** Takes the shape of the camera's frame; returns whether that is new. */
  shape(widthPx, heightPx) {
    if (widthPx === 0 || heightPx === 0) return false;
    const high = Math.round((WIDE * heightPx) / widthPx);
    if (high === this.high) return false;
    this.high = high;
    this.svg.setAttribute("viewBox", `0 0 ${WIDE} ${high}`);
    this.svg.querySelector("#ground").setAttribute("height", high);
    if (this.sketch !== null) this.showSketch(this.sketch);
    return true;
  }

  showLayer(name, isShown) {
    this.layers[name].setAttribute("visibility", isShown ? "visible" : "hidden");
  }

  showOutlines(outlines, frameWidthPx) {
    const now = performance.now();
    for (const [across, down, width, tilt, hasTwoLines] of outlines) {
      const x = (across / GRID) * WIDE;
      const y = (down / GRID) * this.high;
      const wide = (width / GRID) * WIDE;
      const tall = wide * (hasTwoLines ? 0.5 : 0.24);
      const drawn = make("rect", {
        class: "outline", x: x - wide / 2, y: y - tall / 2, width: wide, height: tall,
        transform: `rotate(${tilt * STEP_DEG} ${x} ${y})`,
      });
      drawn.dataset.since = now;
      this.layers.outlines.append(drawn);
      this.count(x, y, (width / GRID) * frameWidthPx);
    }
    for (const drawn of [...this.layers.outlines.children]) {
      const age = (now - drawn.dataset.since) / SHOWN_MS;
      if (age >= 1) drawn.remove();
      else drawn.setAttribute("opacity", 1 - age);
    }
    if (outlines.length > 0) this.showHeat();
  }

  count(x, y, widthPx) {
    const side = WIDE / COLUMNS;
    const [column, row] = [Math.min(Math.floor(x / side), COLUMNS - 1), Math.floor(Math.min(y, this.high - 1) / side)];
    const key = `${column},${row}`;
    const cell = this.cells.get(key) ?? { column, row, number: 0, widthPx: 0 };
    cell.number += 1;
    cell.widthPx += widthPx;
    this.cells.set(key, cell);
  }

  showHeat() {
    const side = WIDE / COLUMNS;
    const most = Math.max(...[...this.cells.values()].map((cell) => cell.number));
    const drawn = [...this.cells.values()].flatMap(({ column, row, number, widthPx }) => {
      const mean = widthPx / number;
      const square = make("rect", {
        class: `heat ${widthVerdict(mean)}`, x: column * side, y: row * side, width: side, height: side,
        opacity: 0.25 + (0.5 * number) / most,
      });
      const label = make("text", { class: "heat-number", x: (column + 0.5) * side, y: (row + 0.5) * side + 10 });
      label.textContent = Math.round(mean / 5) * 5;
      return [square, label];
    });
    this.layers.heat.replaceChildren(...drawn);
  }

  showSketch(sketch) {
    this.sketch = sketch;
    const [wide, tall] = [WIDE / sketch.columns, this.high / sketch.rows];
    const drawn = sketch.cells.flatMap((grey, place) => {
      if (grey === 0) return [];
      const level = Math.round(((grey - 1) / 14) * 255);
      return [make("rect", {
        // A hair's breadth wider, so that no ground shows between two cells.
        x: (place % sketch.columns) * wide, y: Math.floor(place / sketch.columns) * tall,
        width: wide + 1, height: tall + 1, fill: `rgb(${level} ${level} ${level})`,
      })];
    });
    this.layers.sketch.replaceChildren(...drawn);
  }
}

export function make(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
