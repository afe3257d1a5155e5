import { readFileSync } from "node:fs";
import { eventSubject, publishDeadLetter } from "@pixelmesh/bus";
import { JobEvent } from "@pixelmesh/proto";
import { connectTestBus } from "@pixelmesh/testing/processes";
import { expect, test } from "vitest";
import { type ConsoleBrowser, keepShot } from "./browser.ts";
import type { ConsoleMesh } from "./console-mesh.ts";
import { portrait } from "./pictures.ts";
import { useConsole } from "./use-console.ts";

let mesh: ConsoleMesh;
let browser: ConsoleBrowser;

useConsole((started) => {
  ({ mesh, browser } = started);
});

test("Devices, models and queues are those that the scheduler reports", async () => {
  const { client } = mesh.mesh;
  const cluster = await client.cluster();
  const models = (await client.models()).filter(({ available }) => available);
  const opened = await browser.open("#/mesh");
  const { page, faults } = opened;
  await expect.poll(() => page.locator(".memory").count()).toBe(cluster.devices.length);
  const bars = await page.locator(".memory").evaluateAll((all) => all.map((bar) => bar.getAttribute("aria-label")));
  for (const bar of bars)
    expect(bar).toMatch(/^Memory: \d+ % used by us, \d+ % used by others, \d+ % quarantined, \d+ % granted/);
  const lines = await page
    .locator(".memory .line")
    .evaluateAll((all) => all.map((line) => (line as HTMLElement).style.left));
  expect(new Set(lines)).toEqual(new Set(["85%", "95%"]));
  for (const { name } of models) await expect.poll(() => page.getByText(name).first().isVisible()).toBe(true);
  for (const { name } of cluster.queues)
    await expect.poll(() => page.getByRole("cell", { name }).isVisible()).toBe(true);
  await keepShot(opened, "mesh");
  expect(faults).toEqual([]);
});

test("A model that a job has loaded is shown as loaded, in its host", async () => {
  const { jobs } = mesh.mesh.client;
  const steps = [{ id: "cut", operation: { $case: "removeBackground" as const, value: {} } }];
  const { id } = await jobs.create({ pipeline: { steps }, pictures: [{ bytes: readFileSync(portrait) }] });
  const job = await jobs.wait(id);
  const model = job.steps[0]?.model ?? "";
  const { page } = await browser.open("#/mesh");
  await expect
    .poll(() => page.getByRole("row", { name: new RegExp(`${model}.*loaded on cpu`) }).count())
    .toBeGreaterThan(0);
  await expect
    .poll(() =>
      page
        .locator("article")
        .getByText(new RegExp(`${model} on cpu`))
        .count(),
    )
    .toBeGreaterThan(0);
});

test("A batch is shown with its progress, and cancelled after a question", async () => {
  const { client } = mesh.mesh;
  const pipeline = { steps: [{ id: "large", operation: { $case: "upscale" as const, value: { scale: 4 as const } } }] };
  const pictures = Array.from({ length: 40 }, () => ({ bytes: readFileSync(portrait) }));
  const batch = await client.batches.create({ pipeline, noCache: true, pictures });
  const { page } = await browser.open("#/mesh");
  await expect.poll(() => page.getByText("of 40 jobs ended").isVisible()).toBe(true);
  await page.getByRole("button", { name: `Cancel batch ${batch.id}` }).click();
  await page.getByRole("button", { name: "Cancel the batch" }).click();
  await expect.poll(async () => (await client.batches.get(batch.id)).jobsCancelled).toBeGreaterThan(30);
  await expect.poll(() => page.getByText("40 of 40 jobs ended").isVisible()).toBe(true);
});

test("A model is loaded, pinned and unloaded by its buttons", async () => {
  const { page } = await browser.open("#/mesh");
  const stateOf = async () => (await mesh.mesh.client.models()).find(({ name }) => name === "pixelmesh-sr-x2");
  const isLoaded = async () => (await stateOf())?.loaded;
  await page.getByRole("button", { name: "load pixelmesh-sr-x2", exact: true }).click();
  await expect.poll(isLoaded).toBe(true);
  expect((await stateOf())?.pinned).toBe(false);
  await page.getByRole("button", { name: "pin pixelmesh-sr-x2", exact: true }).click();
  await expect.poll(async () => (await stateOf())?.pinned).toBe(true);
  await expect.poll(() => page.getByRole("row", { name: /pixelmesh-sr-x2.*, pinned/ }).count()).toBe(1);
  expect(await page.getByRole("button", { name: "pin pixelmesh-sr-x2", exact: true }).count()).toBe(0);
  await page.getByRole("button", { name: "unload pixelmesh-sr-x2", exact: true }).click();
  await expect.poll(isLoaded).toBe(false);
  // An unloaded model is not pinned any more, so it stays unloaded.
  expect((await stateOf())?.pinned).toBe(false);
});

test("A dead letter is listed, replayed, and deleted after a question", async () => {
  await using bus = await connectTestBus(mesh.mesh.brokerUrl());
  // A replayed event of an unknown job changes nothing.
  const event = JobEvent.create({ jobId: "unknown", event: { $case: "started", value: { stepId: "s", attempt: 1 } } });
  const publish = (messageId: string) =>
    publishDeadLetter(bus, {
      tenant: "default",
      reason: "POISON",
      traceparent: "",
      messageId,
      payload: JobEvent.encode(event).finish(),
      subject: eventSubject(event),
    });
  await publish("first");
  await publish("second");
  const { page } = await browser.open("#/mesh");
  const buttons = page.getByRole("button", { name: /^Delete dead letter/ });
  await expect.poll(() => buttons.count()).toBe(2);
  const listed = () => Array.fromAsync(mesh.mesh.client.deadLetters.list());
  await buttons.first().click();
  await page.getByRole("button", { name: "Back" }).click();
  expect(await listed()).toHaveLength(2);
  await buttons.first().click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await expect.poll(async () => (await listed()).length).toBe(1);
  await expect.poll(() => buttons.count()).toBe(1);
  await page.getByRole("button", { name: /^Replay dead letter/ }).click();
  await expect.poll(() => page.getByText("The message was published again").isVisible()).toBe(true);
});
