// Lanes that can be drawn: by mouse and finger, and by keyboard alone. Places are shares of the picture.
import { make, WIDE } from "/view.js";

const STEP = 0.01;
const LONG_STEP = 0.05;
const DIGITS = 4;
const LEAST_CORNERS = 3;
const MOST_CORNERS = 32;
const MOST_LANES = 16;
const HEAD = 36;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class LaneEditor {
  /** `changed` hears of every change; `chose` of every chosen or moved handle, as name and place. */
  constructor(svg, say, { changed, chose }) {
    this.svg = svg;
    const group = svg.querySelector("#lanes");
    this.shapes = make("g", {});
    this.handles = make("g", {});
    group.append(this.shapes, this.handles);
    this.say = say;
    this.changed = changed;
    this.chose = chose;
    this.high = 900;
    this.saved = [];
    this.lanes = [];
    this.chosen = null;
  }

  load(lanes) {
    this.saved = structuredClone(lanes);
    this.lanes = structuredClone(lanes);
    this.chosen = null;
    this.draw();
    this.tell();
  }

  get isSaved() {
    return JSON.stringify(this.saved) === JSON.stringify(this.lanes);
  }

  /** Number of the first lane whose outline crosses itself, or null. */
  get crossing() {
    return this.lanes.find(({ region }) => region !== null && crossesItself(region))?.number ?? null;
  }

  shape(high) {
    this.high = high;
    this.draw();
  }

  /** What a button does to the chosen lane; the first one if none is chosen. */
  do(action) {
    const index = this.chosen?.lane ?? 0;
    const lane = this.lanes[index];
    const actions = {
      undo: () => { this.lanes = structuredClone(this.saved); this.chosen = null; },
      add_lane: () => this.addLane(),
      remove_lane: () => { this.lanes.splice(index, 1); this.chosen = null; },
      outline: () => { lane.region = lane.region === null ? box(0.1, 0.1, 0.9, 0.9) : null; this.choose(index, "region", 0); },
      arrow: () => { lane.arrow = lane.arrow === null ? arrowIn(lane.region) : null; this.choose(index, lane.arrow ? "arrow" : "region", 0); },
      turn: () => { lane.arrow.reverse(); },
      add_corner: () => this.addCorner(index),
      remove_corner: () => { lane.region.splice(this.chosen.place, 1); this.choose(index, "region", 0); },
    };
    if (!this.can(action)) return;
    actions[action]();
    this.draw();
    this.tell();
    this.changed();
  }

  can(action) {
    const lane = this.lanes[this.chosen?.lane ?? 0];
    const corners = lane?.region?.length ?? 0;
    const isCorner = this.chosen?.part === "region";
    return {
      undo: !this.isSaved,
      add_lane: this.lanes.length < MOST_LANES,
      remove_lane: this.lanes.length > 1,
      outline: this.lanes.length === 1 || lane?.region === null,
      arrow: lane !== undefined,
      turn: Boolean(lane?.arrow),
      add_corner: corners > 0 && corners < MOST_CORNERS,
      remove_corner: isCorner && corners > LEAST_CORNERS,
    }[action];
  }

  addLane() {
    const numbers = this.lanes.map(({ number }) => number);
    const number = Array.from({ length: MOST_LANES }, (_, place) => place + 1).find((each) => !numbers.includes(each));
    // With two lanes, each needs its part of the picture.
    for (const lane of this.lanes) lane.region ??= box(0.05, 0.1, 0.5, 0.95);
    this.lanes.push({ number, direction: "unknown", region: box(0.55, 0.1, 0.95, 0.95), arrow: null });
    this.choose(this.lanes.length - 1, "region", 0);
  }

  addCorner(index) {
    const { region } = this.lanes[index];
    const place = this.chosen?.part === "region" ? this.chosen.place : 0;
    const [one, next] = [region[place], region[(place + 1) % region.length]];
    region.splice(place + 1, 0, [rounded((one[0] + next[0]) / 2), rounded((one[1] + next[1]) / 2)]);
    this.choose(index, "region", place + 1);
  }

  choose(lane, part, place) {
    this.chosen = this.lanes[lane]?.[part] ? { lane, part, place } : null;
  }

  move(across, down) {
    const { lane, part, place } = this.chosen;
    this.lanes[lane][part][place] = [rounded(across), rounded(down)];
    this.draw();
    this.tell();
    this.changed();
  }

  /** Draws all anew but the handles: one that is held by a finger must stay the one that it is. */
  draw() {
    this.shapes.replaceChildren(...this.lanes.flatMap((lane, index) => this.drawLane(lane, index)));
    const isFocused = this.handles.contains(document.activeElement);
    const wanted = this.lanes.flatMap((lane, index) =>
      ["region", "arrow"].flatMap((part) => (lane[part] ?? []).map((point, place) => ({ handle: { lane: index, part, place }, point }))),
    );
    const left = new Map([...this.handles.children].map((drawn) => [drawn.dataset.handle, drawn]));
    for (const { handle, point } of wanted) {
      const drawn = left.get(nameOf(handle)) ?? this.makeHandle(handle);
      left.delete(nameOf(handle));
      this.placeHandle(drawn, handle, point);
    }
    for (const drawn of left.values()) drawn.remove();
    if (isFocused) this.focusChosen();
  }

  drawLane(lane, index) {
    const region = lane.region ?? box(0, 0, 1, 1);
    const points = region.map((point) => this.place(point));
    const outline = make("polygon", {
      class: `region ${index === this.chosen?.lane ? "is-chosen" : ""}`, points: points.map((point) => point.join(",")).join(" "),
    });
    const middle = points.reduce(([x, y], point) => [x + point[0] / points.length, y + point[1] / points.length], [0, 0]);
    const number = make("text", { class: "lane-number", x: middle[0] + 70, y: middle[1] });
    number.textContent = lane.number;
    const arrow = lane.arrow === null ? [] : this.drawArrow(lane.arrow.map((point) => this.place(point)));
    return [outline, number, ...arrow];
  }

  drawArrow([from, to]) {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    const [x, y] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
    // Short of the end, where the handle is.
    const tip = [to[0] - 30 * x, to[1] - 30 * y];
    const back = [tip[0] - HEAD * x, tip[1] - HEAD * y];
    const head = [tip, [back[0] - (HEAD / 2) * y, back[1] + (HEAD / 2) * x], [back[0] + (HEAD / 2) * y, back[1] - (HEAD / 2) * x]];
    return [
      make("line", { class: "arrow", x1: from[0], y1: from[1], x2: back[0], y2: back[1] }),
      make("polygon", { class: "arrow-head", points: head.map((point) => point.join(",")).join(" ") }),
    ];
  }

  makeHandle(handle) {
    const drawn = make("g", { tabindex: 0, role: "button", "data-handle": nameOf(handle) });
    drawn.append(make("circle", { class: "reach" }), make("circle", { class: "mark" }));
    drawn.addEventListener("focus", () => this.pick(handle));
    drawn.addEventListener("keydown", (event) => this.press(event, handle));
    drawn.addEventListener("pointerdown", (event) => this.grab(event, handle));
    // A finger on a handle moves it, and elsewhere the page: touch-action says that of a whole drawing alone.
    drawn.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    // In the order in which the Tab key goes through them.
    const after = [...this.handles.children].find((each) => nameOf(handle) < each.dataset.handle);
    this.handles.insertBefore(drawn, after ?? null);
    return drawn;
  }

  placeHandle(drawn, handle, point) {
    const [x, y] = this.place(point);
    const isChosen = this.chosen !== null && nameOf(handle) === nameOf(this.chosen);
    drawn.setAttribute("class", `handle ${handle.part === "arrow" ? "of-arrow" : ""} ${isChosen ? "is-chosen" : ""}`);
    drawn.setAttribute("transform", `translate(${x} ${y})`);
    drawn.setAttribute("aria-label", this.name(handle));
    // On a phone the drawing is a quarter as large: the reach is for a finger there.
    const scale = WIDE / (this.svg.clientWidth || WIDE);
    drawn.querySelector(".reach").setAttribute("r", 24 * scale);
    drawn.querySelector(".mark").setAttribute("r", Math.max(20, 9 * scale));
  }

  pick(handle) {
    if (this.chosen !== null && nameOf(handle) === nameOf(this.chosen)) return;
    this.chosen = handle;
    this.draw();
    this.tell();
  }

  press(event, handle) {
    const actions = { Insert: "add_corner", "+": "add_corner", Delete: "remove_corner" };
    if (!(event.key in KEYS) && !(event.key in actions)) return;
    event.preventDefault();
    this.chosen = handle;
    if (event.key in actions) {
      this.do(actions[event.key]);
      return;
    }
    const step = event.shiftKey ? LONG_STEP : STEP;
    const [across, down] = this.lanes[handle.lane][handle.part][handle.place];
    this.move(across + KEYS[event.key][0] * step, down + KEYS[event.key][1] * step);
  }

  grab(event, handle) {
    event.preventDefault();
    this.chosen = handle;
    const follow = (moved) => {
      const bounds = this.svg.getBoundingClientRect();
      this.move((moved.clientX - bounds.left) / bounds.width, (moved.clientY - bounds.top) / bounds.height);
    };
    const release = () => {
      for (const kind of ["pointerup", "pointercancel"]) window.removeEventListener(kind, release);
      window.removeEventListener("pointermove", follow);
    };
    window.addEventListener("pointermove", follow);
    for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, release);
    this.draw();
    this.focusChosen();
    this.tell();
  }

  focusChosen() {
    if (this.chosen === null) return;
    this.handles.querySelector(`[data-handle="${nameOf(this.chosen)}"]`)?.focus({ preventScroll: true });
  }

  tell() {
    this.chose(this.chosen === null ? this.say("chosen_none") : this.name(this.chosen));
  }

  name({ lane, part, place }) {
    const [across, down] = this.lanes[lane][part][place].map((share) => Math.round(100 * share));
    const text = part === "region" ? "chosen_corner" : ["chosen_arrow_from", "chosen_arrow_to"][place];
    return this.say(text, { lane: this.lanes[lane].number, corner: place + 1, across, down });
  }

  place([across, down]) {
    return [across * WIDE, down * this.high];
  }
}

/** Name of a handle, in the order of which they are gone through. */
function nameOf({ lane, part, place }) {
  const [nth, number] = [lane, place].map((each) => String(each).padStart(2, "0"));
  return `${nth}-${part === "region" ? "corner" : "way"}-${number}`;
}

function rounded(share) {
  return Number(Math.min(Math.max(share, 0), 1).toFixed(DIGITS));
}

function box(left, top, right, bottom) {
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

/** Down the middle of a lane: most cameras see vehicles come towards them. */
function arrowIn(region) {
  const points = region ?? box(0, 0, 1, 1);
  const middle = points.reduce((sum, [across]) => sum + across / points.length, 0);
  const downs = points.map(([, down]) => down);
  const [top, bottom] = [Math.min(...downs), Math.max(...downs)];
  return [[rounded(middle), rounded(top + (bottom - top) / 4)], [rounded(middle), rounded(bottom - (bottom - top) / 4)]];
}

function crossesItself(region) {
  const side = ([ax, ay], [bx, by], [cx, cy]) => Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
  const edges = region.map((point, place) => [point, region[(place + 1) % region.length]]);
  return edges.some(([a, b], one) => edges.some(([c, d], other) => {
    const isNeighbour = Math.abs(one - other) <= 1 || Math.abs(one - other) === edges.length - 1;
    return !isNeighbour && side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
  }));
}
