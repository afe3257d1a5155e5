import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openStore, provision, startBroker } from "@pixelmesh/bus";
import { budgetKey } from "@pixelmesh/pipeline";
import { BudgetEntry } from "@pixelmesh/proto";
import { createMetrics } from "@pixelmesh/telemetry";
import { connectTestBus } from "@pixelmesh/testing/processes";
import { expect, onTestFinished, test } from "vitest";
import { openBudgets } from "../src/budgets/open-budgets.ts";

const main = fileURLToPath(new URL("support/spend-budget.ts", import.meta.url));

/** Starts a broker with the mesh's buckets. */
async function startBuckets() {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-budgets-"));
  const broker = await startBroker({ dataDir: join(root, "nats") });
  const bus = await connectTestBus(broker.url);
  onTestFinished(async () => {
    await bus.close();
    await broker.stop();
    rmSync(root, { recursive: true, force: true });
  });
  await provision(bus);
  return { url: broker.url, bus, store: await openStore(bus, "budgets", BudgetEntry) };
}

/** Starts a process that spends once it is told to. */
async function startSpender(args: readonly (string | number)[]) {
  const flags = ["--conditions=development", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...flags, main, ...args.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  return {
    go: () => child.stdin.write("go\n"),
    granted: async () => {
      const granted = Number((await lines.next()).value);
      if (child.exitCode === null) await once(child, "exit");
      expect(child.exitCode).toBe(0);
      return granted;
    },
  };
}

test("processes that spend at the same time never reserve more than the budget, and use all of it", async () => {
  const { url, store } = await startBuckets();
  const [limit, estimate, cost] = [100_000, 1_000, 400];
  const spenders = await Promise.all([1, 2, 3].map(() => startSpender([url, limit, estimate, cost])));
  for (const { go } of spenders) go();
  const granted = await Promise.all(spenders.map((each) => each.granted()));
  const entry = (await store.get(budgetKey("acme", Date.now())))?.value as BudgetEntry;
  // Each process settles its second, fourth, … call.
  const settled = granted.reduce((sum, count) => sum + Math.floor(count / 2), 0);
  const open = granted.reduce((sum, count) => sum + count, 0) - settled;
  expect(entry.calls).toBe(settled);
  expect(entry.reservations.length).toBe(open);
  expect(entry.spentMicros).toBe(settled * cost);
  const used = settled * cost + open * estimate;
  expect(used).toBeLessThanOrEqual(limit);
  expect(used).toBeGreaterThan(limit - estimate);
  expect(Math.min(...granted)).toBeGreaterThan(0);
});

test("a tenant without a budget spends without limit, and nothing is written; a day's entry shows in the gauge", async () => {
  const { bus, store } = await startBuckets();
  const metrics = createMetrics("remote", "0");
  const limits = { everyTenant: undefined, byTenant: new Map([["acme", 2_000]]) };
  const parts = { bus, metrics, life: { defer() {} } } as unknown as Parameters<typeof openBudgets>[0];
  const budgets = await openBudgets(parts, limits);
  const untilUnixMs = Date.now() + 60_000;
  await budgets.reserve({ tenant: "other", callId: "a", micros: 1e12, untilUnixMs });
  await budgets.settle({ tenant: "other", callId: "a", micros: 1e12 });
  expect(await store.list(">")).toEqual([]);

  await budgets.reserve({ tenant: "acme", callId: "a", micros: 1_500, untilUnixMs });
  await budgets.reserve({ tenant: "acme", callId: "a", micros: 1_500, untilUnixMs });
  await expect(budgets.reserve({ tenant: "acme", callId: "b", micros: 600, untilUnixMs })).rejects.toMatchObject({
    reason: "BUDGET_EXCEEDED",
  });
  expect((await metrics.page()).text).toContain('pixelmesh_remote_budget_used_ratio{tenant="acme"} 0.75');
  await budgets.settle({ tenant: "acme", callId: "a", micros: 500 });
  await budgets.settle({ tenant: "acme", callId: "a", micros: 500 });
  expect((await metrics.page()).text).toContain('pixelmesh_remote_budget_used_ratio{tenant="acme"} 0.25');
});
