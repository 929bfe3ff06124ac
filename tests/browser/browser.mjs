// Chromium, as the tests start it: with nothing of its own that would ask anybody anything.
import { chromium } from "playwright-core";

const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const STARTS_WITHIN_MS = 120_000;
const STEP_MS = 60_000;

export const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

/** Opens a browser with a profile of its own; `asked` and `complaints` fill as it goes. */
export async function open(program, profile) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program, headless: true, args: QUIET, viewport: SIZES.desktop, hasTouch: true, timeout: STARTS_WITHIN_MS,
  });
  context.setDefaultTimeout(STEP_MS);
  const [asked, complaints] = [new Set(), []];
  context.on("request", (request) => asked.add(new URL(request.url()).origin));
  const page = context.pages()[0] ?? (await context.newPage());
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  const say = (step, found = {}) => console.log(JSON.stringify({ step, ...found }));
  return { context, page, say, asked, complaints };
}
