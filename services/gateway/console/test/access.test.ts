import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { ConsoleBrowser } from "./browser.ts";
import { useConsole } from "./use-console.ts";

const token = "a-token-of-a-caller";
const dir = mkdtempSync(join(tmpdir(), "pixelmesh-console-"));
const file = join(dir, "tokens");
writeFileSync(file, `${token}\n`);

let browser: ConsoleBrowser;

useConsole(
  (started) => {
    ({ browser } = started);
  },
  { env: { PIXELMESH_API_TOKENS_FILE: file } },
);
afterAll(() => rmSync(dir, { recursive: true }));

test("Without its token the page says what the mesh refuses; with it the page works, and the token stays in the tab", async () => {
  const opened = await browser.open("#/jobs");
  const { page } = opened;
  await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/UNAUTHENTICATED|token/i);
  await expect.poll(() => page.getByTestId("job-count").textContent()).toBe("The jobs could not be read");
  await page.getByText("Access", { exact: true }).click();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Use" }).click();
  await expect.poll(() => page.getByTestId("job-count").textContent()).toBe("No job meets the filter");
  await expect.poll(() => page.getByRole("alert").count()).toBe(0);
  const kept = await page.evaluate(() => [Object.values(sessionStorage), Object.values(localStorage), document.cookie]);
  expect(kept[0]).toEqual([token]);
  expect(kept.slice(1, 3).join(" ")).not.toContain(token);
  await page.reload();
  await expect.poll(() => page.getByTestId("job-count").textContent()).toBe("No job meets the filter");
  expect(await page.evaluate(() => location.href)).not.toContain(token);
});
