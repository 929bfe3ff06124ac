// Gauges with their targets, the funnel, and what follows from both: what to do next.

/** Ranges are inclusive; `ends` is what the scale shows. The first that holds the value is its verdict. */
export const GAUGES = [
  { name: "plate_width_px", unit: "unit_px", ends: [0, 260], good: [130, Infinity], fair: [75, Infinity] },
  { name: "focus_percent", unit: "unit_percent", ends: [0, 160], good: [90, Infinity], fair: [70, Infinity] },
  { name: "blur_percent", unit: "unit_percent", ends: [0, 100], good: [0, 30], fair: [0, 40] },
  { name: "brightness_percent", unit: "unit_percent", ends: [0, 100], good: [30, 70], fair: [20, 80] },
  { name: "glare_percent", unit: "unit_percent", ends: [0, 100], good: [0, 10], fair: [0, 20] },
  { name: "roll_deg", unit: "unit_deg", ends: [-45, 45], good: [-10, 10], fair: [-20, 20] },
  { name: "slant_deg", unit: "unit_deg", ends: [-60, 60], good: [-15, 15], fair: [-30, 30] },
];

/** Answers, one a second, without a picture from the camera, after which something is wrong. */
const STARTING = 30;

const FUNNEL = [
  ["frames", ["detector_failures"]],
  ["detections", ["low_confidence", "outside_lanes", "small", "no_plate"]],
  ["readings", ["unsure"]],
  ["agreed", ["unread", "read_too_seldom", "read_faintly", "disagreed", "never_moved", "repeated"]],
  ["handed_over", ["undelivered"]],
];

const SVG = "http://www.w3.org/2000/svg";

export function verdictOf(gauge, value) {
  const holds = ([low, high]) => low <= value && value <= high;
  if (holds(gauge.good)) return "good";
  return holds(gauge.fair) ? "fair" : "poor";
}

export function widthVerdict(widthPx) {
  return verdictOf(GAUGES[0], widthPx);
}

/** Verdicts by the names of the gauges; empty before there were vehicles enough. */
export function verdictsOf(gauges) {
  return Object.fromEntries(
    GAUGES.filter(({ name }) => name in gauges).map((gauge) => [gauge.name, verdictOf(gauge, gauges[gauge.name])]),
  );
}

export class GaugePanel {
  constructor(list, say) {
    this.say = say;
    this.rows = new Map(GAUGES.map((gauge) => [gauge.name, makeRow(list, gauge, say)]));
  }

  show(gauges) {
    const verdicts = verdictsOf(gauges);
    for (const gauge of GAUGES) {
      const row = this.rows.get(gauge.name);
      const verdict = verdicts[gauge.name];
      const value = gauges[gauge.name];
      const shown = verdict === undefined ? "" : this.say(gauge.unit, { value });
      row.value.textContent = shown;
      row.verdict.textContent = this.say(`verdict_${verdict ?? "unknown"}`);
      row.verdict.className = verdict ?? "";
      row.needle.setAttribute("visibility", verdict === undefined ? "hidden" : "visible");
      row.meter.setAttribute("aria-valuetext", `${shown} ${row.verdict.textContent}`.trim());
      if (verdict === undefined) continue;
      const [low, high] = gauge.ends;
      const place = Math.min(Math.max((value - low) / (high - low), 0), 1);
      row.needle.setAttribute("x", 1000 * place - 6);
      row.meter.setAttribute("aria-valuenow", Math.min(Math.max(value, low), high));
    }
  }
}

export class FunnelPanel {
  constructor(body, say) {
    this.body = body;
    this.say = say;
  }

  show(counts) {
    const rows = [];
    for (const [name, losses] of FUNNEL) {
      rows.push(this.row(name, counts[name], ""));
      rows.push(...losses.filter((loss) => counts[loss] > 0).map((loss) => this.row(loss, counts[loss], "loss")));
    }
    this.body.replaceChildren(...rows);
  }

  row(name, number, kind) {
    const row = document.createElement("tr");
    row.className = kind;
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = this.say(`count_${name}`);
    const cell = document.createElement("td");
    cell.textContent = (kind === "loss" ? "−" : "") + number.toLocaleString("en");
    row.append(head, cell);
    return row;
  }
}

/** Name of the text that says what to do: the first thing that is wrong, in the order of its weight. */
export function adviceFor({ frame, counts, isSaved, blindFor }) {
  // A vision that has just been started answers later than it sees.
  if (blindFor > 0 && blindFor < STARTING) return "do_starting";
  if (frame.vision !== "answers") return "do_vision_silent";
  if (!frame.sees) return "do_no_frame";
  if (!frame.is_in_force) return "do_not_in_force";
  const verdicts = verdictsOf(frame.gauges);
  if (Object.keys(verdicts).length === 0) {
    if (counts.outside_lanes > 0) return "do_outside";
    return counts.small > 0 ? "do_small" : "do_drive";
  }
  for (const verdict of ["poor", "fair"]) {
    const found = GAUGES.find(({ name }) => verdicts[name] === verdict);
    if (found !== undefined) return `do_${verdict}_${found.name}`;
  }
  if (counts.undelivered > 0) return "do_undelivered";
  if (counts.disagreed > counts.agreed) return "do_disagreed";
  return isSaved ? "do_nothing" : "do_save";
}

function makeRow(list, gauge, say) {
  const item = document.createElement("li");
  const head = document.createElement("div");
  head.className = "gauge-head";
  const [name, value, verdict] = ["span", "span", "span"].map((kind) => document.createElement(kind));
  name.textContent = say(`gauge_${gauge.name}`);
  name.id = `gauge-${gauge.name}`;
  value.className = "gauge-value";
  head.append(name, value, verdict);
  const meter = makeScale(gauge);
  const target = document.createElement("div");
  target.className = "gauge-target";
  target.textContent = say("target", { target: say(`target_${gauge.name}`) });
  item.append(head, meter, target);
  list.append(item);
  return { value, verdict, meter, needle: meter.querySelector(".needle") };
}

function makeScale(gauge) {
  const scale = document.createElementNS(SVG, "svg");
  const [low, high] = gauge.ends;
  const attributes = {
    class: "scale", viewBox: "0 0 1000 40", preserveAspectRatio: "none", role: "meter",
    "aria-labelledby": `gauge-${gauge.name}`, "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": low,
  };
  for (const [name, value] of Object.entries(attributes)) scale.setAttribute(name, value);
  const place = (value) => (1000 * (Math.min(Math.max(value, low), high) - low)) / (high - low);
  for (const [kind, [from, to]] of [["poor", [low, high]], ["fair", gauge.fair], ["good", gauge.good]]) {
    scale.append(rectangle(`span-${kind}`, place(from), place(to) - place(from)));
  }
  scale.append(rectangle("needle", 0, 12));
  return scale;
}

function rectangle(kind, x, width) {
  const made = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ class: kind, x, width, y: 0, height: 40 })) made.setAttribute(name, value);
  return made;
}
