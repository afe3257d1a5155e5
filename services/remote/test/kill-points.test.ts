import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JobState } from "@pixelmesh/client";
import { robot } from "@pixelmesh/testing/jobs";
import { connectTestBus } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RemoteMesh, remotePipeline, startRemoteMesh } from "./start-remote-mesh.ts";

const dir = mkdtempSync(join(tmpdir(), "pixelmesh-kill-"));
const killFile = join(dir, "write");
const main = fileURLToPath(new URL("support/dying-remote.ts", import.meta.url));

let remote: RemoteMesh;
let bus: Awaited<ReturnType<typeof connectTestBus>>;
beforeAll(async () => {
  remote = await startRemoteMesh({
    env: { PIXELMESH_REMOTE_BUDGET: "1000" },
    mains: { remote: [main, killFile] },
    behaviours: { "*": { workMs: 300 } },
  });
  bus = await connectTestBus(remote.mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await remote?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => remote.provider.control.reset());

/** Keys of the bucket. Its entries are purged, never marked as deleted. */
async function entriesLeft(): Promise<string[]> {
  const info = await bus.jsm.streams.info("KV_predictions", { subjects_filter: ">" });
  return Object.keys(info.state.subjects ?? {});
}

async function runJob(): Promise<void> {
  const { id } = await remote.mesh.client.jobs.create({
    pipeline: remotePipeline("quick-1"),
    pictures: [{ bytes: robot }],
  });
  const job = await remote.mesh.client.jobs.wait(id, { signal: AbortSignal.timeout(120_000) });
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, error: undefined });
  // What a worker has left that died after it had stored the result is removed by the sweep, within a minute.
  await expect.poll(entriesLeft, { timeout: 120_000 }).toEqual([]);
}

// In the order in which a step does them. The budget's first write is `create` once a day; the others are updates.
test.each([
  "create predictions",
  "update budgets",
  "update predictions",
  "update results",
  "remove predictions",
  "ack WORK_REMOTE",
])("a worker that dies before its write `%s` leaves one prediction, one charge and one result", async (write) => {
  // The entry of the budget is there, whichever test runs first.
  await runJob();
  await remote.provider.control.reset();
  writeFileSync(killFile, write);
  await runJob();
  // A job has ended before its work item is acknowledged.
  await expect
    .poll(() => (existsSync(killFile) ? `writes: ${readFileSync(`${killFile}.writes`, "utf8")}` : "died"), {
      timeout: 60_000,
    })
    .toBe("died");
  expect((await remote.provider.control.stats()).total).toMatchObject({ created: 1, charged: 1, succeeded: 1 });
});
