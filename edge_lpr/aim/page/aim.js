// The page: lets the technician in, asks the booth once a second, and puts the parts together.
import { adviceFor, FunnelPanel, GaugePanel } from "/gauges.js";
import { LaneEditor } from "/lane_editor.js";
import { View } from "/view.js";

const ASK_EVERY_MS = 1000;
/** A booth that starts vision anew answers late; so many questions may fail before the session is over. */
const MOST_FAILURES = 5;

const element = (id) => document.getElementById(id);
const texts = await (await fetch("/texts.en.json")).json();
const say = (name, values = {}) =>
  Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, value), texts[name]);

for (const each of document.querySelectorAll("[data-text]")) each.textContent = say(each.dataset.text);

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    // Keeping lanes takes its time on a slow card; a dead booth does not answer at all.
    signal: AbortSignal.timeout(method === "PUT" ? 600_000 : 15_000),
  });
  return { status: answer.status, said: answer.ok ? await answer.json() : {} };
}

function showOnly(id) {
  for (const each of ["entry", "work", "over"]) element(each).hidden = each !== id;
  for (const each of ["end", "time"]) element(each).hidden = id !== "work";
}

element("entry-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { said } = await ask("POST", "/api/enter", { code: element("code").value }).catch(() => ({ said: {} }));
  if (said.entry === "welcome") {
    await begin();
    return;
  }
  element("code-fault").textContent =
    said.entry === "wrong" ? say("code_wrong", { left: said.tries_left }) : say("code_over");
  element("code").select();
});

async function begin() {
  const { status, said } = await ask("GET", "/api/lanes");
  if (status !== 200) {
    showOnly("entry");
    element("code").focus();
    return;
  }
  showOnly("work");
  work(said.lanes);
}

function work(lanes) {
  const view = new View(element("view"));
  const gauges = new GaugePanel(element("gauge-list"), say);
  const funnel = new FunnelPanel(element("funnel-rows"), say);
  let newest = null;
  let counts = {};
  let isSaving = false;
  let isSketched = false;
  let failures = 0;
  let blindFor = 0;

  const editor = new LaneEditor(element("view"), say, {
    changed: () => { element("saved").textContent = editor.isSaved ? "" : say("unsaved"); refresh(); },
    chose: (name) => { element("chosen").textContent = name; refresh(); },
  });

  function refresh() {
    for (const button of document.querySelectorAll("[data-do]")) button.disabled = !editor.can(button.dataset.do);
    element("save").disabled = isSaving || editor.isSaved;
    if (newest === null) return;
    const advice = say(adviceFor({ frame: newest, counts, isSaved: editor.isSaved, blindFor }));
    // Only what is new is read aloud.
    if (element("advice").textContent !== advice) element("advice").textContent = advice;
  }

  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => editor.do(button.dataset.do));
  }
  for (const box of document.querySelectorAll("[data-layer]")) {
    box.addEventListener("change", () => view.showLayer(box.dataset.layer, box.checked));
  }
  window.addEventListener("resize", () => editor.draw());

  element("save").addEventListener("click", async () => {
    if (editor.crossing !== null) {
      element("saved").textContent = say("crossing", { lane: editor.crossing });
      return;
    }
    isSaving = true;
    element("saved").textContent = say("saving");
    refresh();
    const wanted = structuredClone(editor.lanes);
    const { status, said } = await ask("PUT", "/api/lanes", { lanes: wanted }).catch(() => ({ status: 0, said: {} }));
    isSaving = false;
    const fault = status === 200 ? said.fault : String(status);
    if (fault === undefined) {
      editor.saved = wanted;
      element("saved").textContent = say("saved");
    } else {
      element("saved").textContent = say("save_failed", { fault });
    }
    refresh();
  });

  element("end").addEventListener("click", async () => {
    clearInterval(timer);
    await ask("POST", "/api/end", {}).catch(() => null);
    showOnly("over");
  });

  async function look() {
    const { status, said } = await ask("GET", "/api/frame").catch(() => ({ status: 0, said: {} }));
    failures = status === 200 || isSaving ? 0 : failures + 1;
    if (status === 401 || status === 410 || failures >= MOST_FAILURES) {
      clearInterval(timer);
      showOnly("over");
      return;
    }
    if (status !== 200 || said.number === newest?.number) return;
    newest = said;
    blindFor = said.vision === "answers" && said.sees ? 0 : blindFor + 1;
    element("time").textContent = say("time_left", { minutes: Math.ceil(said.ends_in_s / 60) });
    if (said.vision === "answers") await show(said);
    refresh();
  }

  async function show(frame) {
    if (view.shape(...frame.size_px)) editor.shape(view.high);
    counts = frame.counters;
    funnel.show(counts);
    gauges.show(frame.gauges);
    view.showOutlines(frame.outlines, frame.size_px[0]);
    if (frame.is_in_force && element("saved").textContent === say("saved")) element("saved").textContent = say("in_force");
    if (frame.has_sketch && !isSketched) {
      isSketched = true;
      view.showSketch((await ask("GET", "/api/sketch")).said.sketch);
      element("sketch-note").textContent = say("sketch_there");
    }
  }

  element("sketch-note").textContent = say("sketch_wait");
  element("advice").textContent = say("do_drive");
  editor.load(lanes);
  refresh();
  let isLooking = false;
  const timer = setInterval(async () => {
    // The keeper does one thing at a time: while it saves, it answers nothing else, and is not gone.
    if (isLooking || isSaving) return;
    isLooking = true;
    await look().finally(() => { isLooking = false; });
  }, ASK_EVERY_MS);
}

await begin().catch(() => showOnly("over"));
