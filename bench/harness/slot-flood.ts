/**
 * `node slot-flood.ts ADDRESS CALLS DEVICE`: opens many HoldSlot calls at once, prints one line of JSON when every call has an answer, and
 * keeps the calls open until its standard input ends.
 */
import { Priority, SchedulerServiceDefinition, SlotRequest, WorkClass } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { percentile } from "./stats.ts";

const [address = "", calls = "0", deviceId = ""] = process.argv.slice(2);
/** Below the server's limit of streams on one connection. */
const callsPerConnection = 900;
const classes = [WorkClass.LIGHT, WorkClass.HEAVY, WorkClass.EXCLUSIVE];

const over = Promise.withResolvers<void>();
const outcomes: Record<string, number> = {};
const refusedMs: number[] = [];
const connections = Array.from({ length: Math.ceil(Number(calls) / callsPerConnection) }, () => connectRpc(address));

async function* requestAndKeepOpen(n: number) {
  const value = SlotRequest.fromPartial({
    service: "bench",
    instance: String(n % 50),
    deviceIds: [deviceId],
    tenant: `tenant-${n % 200}`,
    workClass: classes[n % classes.length] as WorkClass,
    priority: Priority.INTERACTIVE,
    options: [{ tilePx: 512, batch: 1, peakBytes: 2 ** 20, computeTokens: 1 }],
  });
  yield { message: { $case: "request" as const, value } };
  await over.promise;
}

/** Opens one call. Resolves with its first answer. */
async function open(n: number): Promise<void> {
  const startMs = performance.now();
  const first = Promise.withResolvers<string>();
  const client = (connections[Math.floor(n / callsPerConnection)] as (typeof connections)[number]).client(
    SchedulerServiceDefinition,
  );
  (async () => {
    for await (const { message } of client.holdSlot(requestAndKeepOpen(n))) first.resolve(message?.$case ?? "nothing");
    first.resolve("ended");
  })().catch((error: unknown) => {
    const { reason = "UNKNOWN", retryAfterMs = 0 } = error as { reason?: string; retryAfterMs?: number };
    refusedMs.push(performance.now() - startMs);
    first.resolve(`${reason}${retryAfterMs > 0 ? " with retry" : ""}`);
  });
  const outcome = await first.promise;
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

await Promise.all(Array.from({ length: Number(calls) }, (_, n) => open(n)));
console.log(JSON.stringify({ outcomes, refusedP99Ms: Math.round(percentile(refusedMs, 99)) }));
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
