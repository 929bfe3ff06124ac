// What happens at the aim page's door, in Chromium: wrong codes, and a session whose time is over.
//
//   node aim_door.mjs CHROMIUM ADDRESS CODE FOLDER wrong|late
import path from "node:path";
import { open } from "./browser.mjs";

const [program, address, code, folder, what] = process.argv.slice(2);
const { context, page, say } = await open(program, path.join(folder, "profile"));
await page.goto(address);
await page.locator("#code").waitFor();

async function enter(typed) {
  const answered = page.waitForResponse((response) => response.url().endsWith("/api/enter"));
  await page.locator("#code").fill(typed);
  await page.keyboard.press("Enter");
  const answer = await answered.catch(() => null);
  return answer === null ? null : await answer.json();
}

if (what === "wrong") {
  for (const wrong of ["2222-2222", "33333333", "4444-4444-4444", "5555 5555"]) say("wrong", await enter(wrong));
  say("fifth", await enter("6666-6666"));
  say("told", { said: await page.locator("#code-fault").textContent() });
  say("right code", { entry: (await enter(code).catch(() => null))?.entry ?? "nobody answers" });
} else {
  say("entered", await enter(code));
  await page.locator("#work").waitFor();
  await page.locator("#over").waitFor({ timeout: 180_000 });
  say("over", { said: await page.locator("#over h2").textContent() });
}
await context.close();
process.exit(0);
