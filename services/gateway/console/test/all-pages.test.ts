import { readFileSync } from "node:fs";
import type { PipelineInput } from "@pixelmesh/client";
import { beforeAll, describe, expect, test } from "vitest";
import { seriousFindings } from "./accessibility.ts";
import { type ConsoleBrowser, type ConsolePage, keepShot, type PageOptions } from "./browser.ts";
import type { ConsoleMesh } from "./console-mesh.ts";
import { givePictures, portrait, readAfter } from "./pictures.ts";
import { useConsole } from "./use-console.ts";

let mesh: ConsoleMesh;
let browser: ConsoleBrowser;
let jobId: string;

useConsole((started) => {
  ({ mesh, browser } = started);
});

beforeAll(async () => {
  const { jobs } = mesh.mesh.client;
  const pipeline: PipelineInput = {
    steps: [
      { id: "small", operation: { $case: "prescale", value: { maxSidePx: 128 } } },
      { id: "cut", operation: { $case: "removeBackground", value: {} } },
    ],
  };
  const job = await jobs.create({ pipeline, pictures: [{ bytes: readFileSync(portrait) }], labels: ["shown"] });
  await jobs.wait(job.id);
  jobId = job.id;
});

/** Opens a page and brings it into its usual state, with content. */
const pages: Readonly<Record<string, (options: PageOptions) => Promise<ConsolePage>>> = {
  async try(options) {
    const opened = await browser.open("", options);
    await givePictures(opened.page, "drop", [portrait]);
    await opened.page.getByRole("button", { name: "Use the demo's" }).click();
    await opened.page.getByLabel("Put behind it").selectOption("gradient");
    await opened.page.getByLabel("Add an effect to the result").selectOption("dither");
    await expect.poll(() => readAfter(opened.page)).toBeDefined();
    return opened;
  },
  async jobs(options) {
    const opened = await browser.open("#/jobs", options);
    await expect.poll(() => opened.page.locator(".job-row").count()).toBe(1);
    return opened;
  },
  async job(options) {
    const opened = await browser.open(`#/jobs/${jobId}`, options);
    await expect.poll(() => opened.page.locator(".viewer-frame img").count()).toBe(1);
    return opened;
  },
  async mesh(options) {
    const opened = await browser.open("#/mesh", options);
    await expect.poll(() => opened.page.locator(".memory").count()).toBeGreaterThan(0);
    await expect.poll(() => opened.page.getByText("There is no dead letter").isVisible()).toBe(true);
    return opened;
  },
};

describe.each(Object.keys(pages))("The page %s", (name) => {
  const open = (options: PageOptions) => pages[name]!(options);

  test.each(["light", "dark"] as const)(
    "has no serious accessibility finding in the %s theme, and breaks no policy",
    async (theme) => {
      const opened = await open({ theme });
      expect(await seriousFindings(opened)).toEqual([]);
      expect(opened.faults).toEqual([]);
      await keepShot(opened, `${name}-${theme}`);
    },
  );

  test("fits 360 px without a horizontal scroll bar, also with an open access form", async () => {
    const opened = await open({ widthPx: 360, heightPx: 740 });
    const { page } = opened;
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBe(360);
    await keepShot(opened, `${name}-360`);
    await page.getByText("Access", { exact: true }).click();
    expect(await width()).toBe(360);
  });
});

test("The checks find faults: an inline style, an outside request, a failed script and a button without a name", async () => {
  const opened = await browser.open();
  await opened.page.evaluate(() => {
    document.body.setAttribute("style", "color: red");
    document.body.append(document.createElement("button"));
    fetch("http://127.0.0.1:9/").catch(() => undefined);
    setTimeout(() => {
      throw new Error("made up");
    });
  });
  await expect.poll(() => opened.faults.join("\n")).toMatch(/style[\s\S]*made up/);
  expect(opened.faults.join("\n")).toContain("connect-src");
  expect((await seriousFindings(opened)).join("\n")).toContain("button-name");
});

test("The theme follows the device until the user chooses one, which is kept", async () => {
  const { page } = await browser.open("", { theme: "dark" });
  const lightness = () =>
    page.evaluate(() => {
      const [red = 0, green = 0, blue = 0] =
        getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
      return (red + green + blue) / 3;
    });
  expect(await lightness()).toBeLessThan(64);
  await page.getByLabel("Theme").selectOption("light");
  expect(await lightness()).toBeGreaterThan(192);
  await page.reload();
  expect(await lightness()).toBeGreaterThan(192);
  await page.getByLabel("Theme").selectOption("system");
  expect(await lightness()).toBeLessThan(64);
});

test("Nothing moves for a user who asks for reduced motion", async () => {
  const { page } = await pages.mesh!({ reducedMotion: true });
  const durations = await page.evaluate(() =>
    [...document.querySelectorAll("*")].flatMap((element) => {
      const { transitionDuration, animationName } = getComputedStyle(element);
      return /[1-9]/.test(transitionDuration) || animationName !== "none" ? [element.className] : [];
    }),
  );
  expect(durations).toEqual([]);
});

test("One line tells the health of the mesh in words on every page", async () => {
  for (const hash of ["", "#/jobs", `#/jobs/${jobId}`, "#/mesh"]) {
    const { page } = await browser.open(hash);
    await expect.poll(() => page.getByTestId("health").textContent()).toMatch(/accept/i);
  }
});
