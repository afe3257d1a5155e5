import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { JobState, type PipelineInput } from "@pixelmesh/client";
import { expect, test } from "vitest";
import { type ConsoleBrowser, keepShot } from "./browser.ts";
import type { ConsoleMesh } from "./console-mesh.ts";
import { portrait, writeLargePicture } from "./pictures.ts";
import { useConsole } from "./use-console.ts";

let mesh: ConsoleMesh;
let browser: ConsoleBrowser;
let dir: string;
const bytes = readFileSync(portrait);

useConsole(
  (started) => {
    ({ mesh, browser, dir } = started);
  },
  { env: { PIXELMESH_GATEWAY_TRACE_URL: "https://traces.example/view?id={trace_id}" } },
);

type Step = NonNullable<PipelineInput["steps"]>[number];

const small: Step = { id: "small", operation: { $case: "prescale", value: { maxSidePx: 64 } } };
const large: Step = { id: "large", operation: { $case: "upscale", value: { scale: 4 } } };

async function create(labels: readonly string[], steps: readonly Step[], picture: Uint8Array = bytes): Promise<string> {
  const job = await mesh.mesh.client.jobs.create({
    pipeline: { steps: [...steps] },
    pictures: [{ bytes: picture }],
    labels: [...labels],
    // Equal jobs would wait for the result of the first.
    noCache: true,
  });
  return job.id;
}

test("Jobs are filtered by state, operation and label, and cancelled and retried in bulk after a count", async () => {
  const { jobs } = mesh.mesh.client;
  const done = [await create(["a"], [small]), await create(["a", "b"], [small])];
  for (const id of done) await jobs.wait(id);
  const slow = await readFile(await writeLargePicture(dir));
  const running = await Promise.all([0, 1, 2].map(() => create(["slow"], [large], slow)));
  const opened = await browser.open("#/jobs");
  const { page, faults } = opened;
  const shown = async () => (await page.locator(".job-id").allTextContents()).sort();
  await expect.poll(shown).toEqual([...done, ...running].sort());
  await page.getByRole("combobox", { name: "Operation" }).selectOption("prescale");
  await expect.poll(shown).toEqual([...done].sort());
  await page.getByRole("textbox", { name: "Labels" }).fill("b");
  await page.getByRole("textbox", { name: "Labels" }).press("Enter");
  await expect.poll(shown).toEqual([done[1]]);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("checkbox", { name: "running" }).check();
  await expect.poll(shown).toEqual([...running].sort());
  await page.getByRole("button", { name: "Cancel all that match" }).click();
  await expect.poll(() => page.getByRole("heading", { name: "Cancel 3 jobs?" }).isVisible()).toBe(true);
  await keepShot(opened, "jobs-cancel", false);
  expect((await jobs.get(running[0] ?? "")).state).toBe(JobState.RUNNING);
  await page.getByRole("button", { name: "Cancel them" }).click();
  for (const id of running) expect((await jobs.wait(id)).state).toBe(JobState.CANCELLED);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("checkbox", { name: "cancelled" }).check();
  await page.getByRole("combobox", { name: "Reason" }).selectOption("CANCELLED");
  await expect.poll(shown).toEqual([...running].sort());
  await page.getByRole("button", { name: "Retry all that match" }).click();
  await page.getByRole("button", { name: "Retry them" }).click();
  await expect.poll(async () => (await Array.fromAsync(jobs.list())).length).toBe(8);
  const retried = (await Array.fromAsync(jobs.list())).filter(({ id }) => ![...done, ...running].includes(id));
  for (const { id } of retried) await jobs.cancel(id);
  await keepShot(opened, "jobs", false);
  expect(faults).toEqual([]);
});

test("A job behind others says why its step waits", async () => {
  const { jobs } = mesh.mesh.client;
  const slow = await readFile(await writeLargePicture(dir));
  const ids: string[] = [];
  for (let count = 0; count < 6; count += 1) ids.push(await create(["behind"], [large], slow));
  const { page } = await browser.open(`#/jobs/${ids.at(-1)}`);
  await expect
    .poll(() =>
      page
        .getByText(
          /Waits (until a process of the role upscale takes it|for (compute|memory) of .+; place \d+ in the queue)/,
        )
        .count(),
    )
    .toBeGreaterThan(0);
  for (const id of ids) await jobs.cancel(id);
  await expect.poll(() => page.locator(".job-progress .badge").first().textContent()).toBe("cancelled");
});

test("A tenant sees its own jobs alone, after it is named", async () => {
  const opened = await browser.open("#/jobs");
  const { page } = opened;
  await expect.poll(() => page.locator(".job-id").count()).toBeGreaterThan(0);
  await page.getByRole("textbox", { name: "Tenant" }).last().fill("acme");
  await page.getByRole("textbox", { name: "Tenant" }).last().press("Enter");
  await expect.poll(() => page.getByTestId("job-count").textContent()).toBe("No job meets the filter");
  expect(
    await page.evaluate(() => [sessionStorage.getItem("pixelmesh.tenant"), localStorage.getItem("pixelmesh.tenant")]),
  ).toEqual(["acme", null]);
});

test("A job is shown as a graph with times, cached steps, outputs and its trace id", async () => {
  const { jobs } = mesh.mesh.client;
  const from = (step: string) => [{ from: { $case: "step" as const, value: step } }];
  const effect = (name: string) => ({ $case: "applyEffects" as const, value: { effects: [{ name, parameters: {} }] } });
  const pipeline = {
    steps: [
      small,
      { id: "cut", operation: { $case: "removeBackground" as const, value: {} } },
      { id: "noir", inputs: from("cut"), operation: effect("black_and_white") },
      { id: "pop", inputs: from("cut"), operation: effect("pop_art") },
    ],
    outputs: ["cut", "noir", "pop"].map((name) => ({ name, step: name })),
  };
  const first = await jobs.create({ pipeline, pictures: [{ bytes }] });
  await jobs.wait(first.id);
  const { id } = await jobs.create({ pipeline, pictures: [{ bytes }] });
  const job = await jobs.wait(id);
  const opened = await browser.open(`#/jobs/${id}`);
  const { page, faults } = opened;
  await expect.poll(() => page.locator(".node").count()).toBe(4);
  expect(await page.locator(".graph path").count()).toBe(3);
  const boxes = new Map<string, { x: number; y: number }>();
  for (const name of ["small", "cut", "noir", "pop"]) {
    const box = await page
      .getByRole("button", { name: new RegExp(`^${name}`) })
      .first()
      .boundingBox();
    if (box) boxes.set(name, box);
  }
  const [a, b, c, d] = ["small", "cut", "noir", "pop"].map((name) => boxes.get(name)!);
  expect(a!.x < b!.x && b!.x < c!.x && c!.x === d!.x && c!.y < d!.y).toBe(true);
  const cached = job.steps.filter((step) => step.cached).length;
  expect(cached).toBe(4);
  expect(await page.locator(".node", { hasText: "cached" }).count()).toBe(cached);
  await page.getByRole("button", { name: /^noir/ }).first().click();
  const details = page.getByRole("region", { name: "Step noir" });
  expect(await details.textContent()).toContain("Takescut");
  const trace = page.getByRole("link", { name: job.traceId || "no trace id" });
  expect(await trace.getAttribute("href")).toBe(`https://traces.example/view?id=${job.traceId}`);
  expect(job.traceId).toMatch(/^[0-9a-f]{32}$/);
  await expect.poll(() => page.locator(".viewer-frame img").count()).toBe(1);
  await keepShot(opened, "job");
  expect(faults).toEqual([]);
});
