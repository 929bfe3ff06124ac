// Drives the aim page in Chromium as a technician would, and prints what came of each step as one line of JSON.
//
//   node aim_session.mjs CHROMIUM ADDRESS CODE FOLDER
//
// FOLDER gets the screenshots. Standard input: a line lets it go on where the test has something to do.
import fs from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";
import { open, SIZES } from "./browser.mjs";

const [program, address, code, folder] = process.argv.slice(2);
const axe = await fs.readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { context, page, say, asked, complaints } = await open(program, path.join(folder, "profile"));
const wait = async (step) => { say(step); await lines.next(); };

async function judge(name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  say("axe", { name, violations: violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`) });
}

async function look(name) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    await page.waitForTimeout(300);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth);
    say("layout", { name, size, overflow });
    await page.screenshot({ path: path.join(folder, `${name}-${size}.png`), fullPage: true });
  }
  await judge(name);
}

const shares = async (handle) => (await page.locator(`[data-handle="${handle}"]`).getAttribute("aria-label")).match(/\d+(?= %)/g).map(Number);
const text = (id) => page.locator(`#${id}`).textContent();

// 1. The door, by keyboard alone.
await page.goto(address);
await page.locator("#code").waitFor();
await look("entry");
await page.locator("#code").focus();
await page.keyboard.type("2222-2222");
await page.keyboard.press("Enter");
await page.waitForFunction(() => document.getElementById("code-fault").textContent !== "");
say("wrong code", { said: await text("code-fault") });
await page.locator("#code").fill(code.toLowerCase().replace("-", " "));
await page.keyboard.press("Enter");
await page.locator("#work").waitFor();
say("entered", { cookies: await page.evaluate(() => document.cookie) });

// 2. Traffic passes.
await wait("start vision");
await page.waitForFunction(() => document.querySelectorAll("#heat rect").length > 2, null, { timeout: 120_000 });
const gauged = () => page.waitForFunction(
  () => document.querySelector(".gauge-value").textContent !== "", null, { timeout: 180_000 });
await gauged();
await look("work");
say("gauges", { values: await page.locator(".gauge-value").allTextContents(), advice: await text("advice") });
say("funnel", { frames: await page.locator("#funnel-rows td").first().textContent() });
await page.locator("#sketch rect").first().waitFor({ state: "attached", timeout: 120_000 });
say("sketch", { cells: await page.locator("#sketch rect").count() });

// 3. A lane, by mouse.
await page.setViewportSize(SIZES.desktop);
await page.locator('[data-do="outline"]').click();
const corner = page.locator('[data-handle="00-corner-00"]');
await corner.scrollIntoViewIfNeeded();
const from = await corner.boundingBox();
const view = await page.locator("#view").boundingBox();
await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
await page.mouse.down();
await page.mouse.move(view.x + 0.25 * view.width, view.y + 0.2 * view.height, { steps: 5 });
await page.mouse.up();
say("dragged by mouse", { shares: await shares("00-corner-00") });

// 4. The same lane by finger, on a phone.
await page.setViewportSize(SIZES.phone);
await page.waitForTimeout(300);
await page.locator('[data-handle="00-corner-01"]').scrollIntoViewIfNeeded();
const finger = await context.newCDPSession(page);
const held = await page.locator('[data-handle="00-corner-01"]').boundingBox();
const onPhone = await page.locator("#view").boundingBox();
const touch = (type, ...touchPoints) => finger.send("Input.dispatchTouchEvent", { type, touchPoints });
await touch("touchStart", { x: held.x + held.width / 2, y: held.y + held.height / 2 });
for (const share of [0.88, 0.85, 0.82, 0.8]) {
  await touch("touchMove", { x: onPhone.x + share * onPhone.width, y: onPhone.y + 0.25 * onPhone.height });
}
await touch("touchEnd");
say("dragged by finger", { shares: await shares("00-corner-01") });

// 5. And by keyboard: a corner, a further corner, the direction line.
await page.setViewportSize(SIZES.desktop);
await page.locator('[data-handle="00-corner-02"]').focus();
for (const key of ["ArrowLeft", "ArrowLeft", "Shift+ArrowUp"]) await page.keyboard.press(key);
say("moved by keyboard", { shares: await shares("00-corner-02"), chosen: await text("chosen") });
await page.keyboard.press("Insert");
say("corner added", { corners: await page.locator('[data-handle^="00-corner"]').count(), focused: await page.evaluate(() => document.activeElement.id || document.activeElement.dataset.handle) });
await page.locator('[data-do="arrow"]').focus();
await page.keyboard.press("Enter");
await page.locator('[data-handle="00-way-01"]').focus();
await page.keyboard.press("ArrowDown");
await page.locator("#save").focus();
await page.keyboard.press("Enter");
await page.waitForFunction(() => document.getElementById("saved").textContent.startsWith("In force"), null, { timeout: 120_000 });
say("in force", { said: await text("saved") });
// Plates pass through the lane as it was drawn.
await gauged();
await look("saved");

// 6. Others stay outside.
const stranger = await fetch(`${address}api/frame`);
const name = await fetch(`${address}api/enter`, {
  method: "POST", headers: { "Content-Type": "application/json", Origin: "http://attacker.example" }, body: JSON.stringify({ code }),
});
say("strangers", { without_cookie: stranger.status, from_elsewhere: name.status });

// 7. The end, by the page's own button.
await wait("end");
await page.locator("#end").click();
await page.locator("#over").waitFor({ timeout: 60_000 });
await look("over");
say("done", { origins: [...asked], complaints });
await context.close();
process.exit(0);
