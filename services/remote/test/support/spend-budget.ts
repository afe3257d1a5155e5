/**
 * A process that reserves and settles calls of one tenant until its budget refuses one. Arguments: address of the broker, limit, estimate and cost of a call in
 * micros. Waits for a line on its input, then prints how many calls were granted.
 */
import { once } from "node:events";
import { connectBus } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { openBudgets } from "../../src/budgets/open-budgets.ts";

const [url = "", limit = "0", estimate = "0", cost = "0"] = process.argv.slice(2);
const log = createLogger({ service: "test", level: "silent" });
const metrics = createMetrics("remote", "0");
const bus = await connectBus({ natsUrl: url, natsReplicas: 1, ackWaitMs: 30_000, name: "spend", log, metrics });
const life = { defer() {} };
const budgets = await openBudgets({ bus, life, metrics } as unknown as Parameters<typeof openBudgets>[0], {
  everyTenant: Number(limit),
  byTenant: new Map(),
});
process.stdout.write("ready\n");
await once(process.stdin, "data");
let granted = 0;
try {
  for (;;) {
    const call = { tenant: "acme", callId: `${process.pid}-${granted}`, micros: Number(estimate) };
    await budgets.reserve({ ...call, untilUnixMs: Date.now() + 60_000 });
    granted += 1;
    if (granted % 2 === 0) await budgets.settle({ ...call, micros: Number(cost) });
  }
} catch (error) {
  if (!(error instanceof AppError && error.reason === "BUDGET_EXCEEDED")) throw error;
}
process.stdout.write(`${granted}\n`);
await bus.close();
process.exit(0);
