/**
 * `node hold-many.ts ADDRESS CALLS`: opens CALLS HoldSlot calls and prints one line of JSON when each has its first answer: how many were
 * granted and queued, and how many refusals there are of each kind. Keeps the calls open until its standard input ends. At most 256
 * calls wait for their first answer, so that the scheduler under test renews its lease on a machine of any speed; a burst of 10,000 is
 * in `make bench CASE=hold-slot-flood`.
 */
import { Priority, SchedulerServiceDefinition, SlotRequest, WorkClass } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";

const [address = "", calls = "0"] = process.argv.slice(2);
/** Below the server's limit of 1,024 streams on one connection. */
const callsPerConnection = 900;
const classes = [WorkClass.LIGHT, WorkClass.HEAVY, WorkClass.EXCLUSIVE];

const connections = Array.from({ length: Math.ceil(Number(calls) / callsPerConnection) }, () => connectRpc(address));
const counts = { grant: 0, queued: 0, refusals: {} as Record<string, number> };
const end = Promise.withResolvers<void>();

async function* requestAndKeepOpen(n: number) {
  const value = SlotRequest.fromPartial({
    service: "upscale",
    instance: `i${n % 7}`,
    deviceIds: ["host-a"],
    tenant: `t${n % 100}`,
    workClass: classes[n % classes.length] as WorkClass,
    priority: Priority.INTERACTIVE,
    options: [{ tilePx: 512, batch: 1, peakBytes: 2 ** 20, computeTokens: 1 }],
  });
  yield { message: { $case: "request" as const, value } };
  await end.promise;
}

/** Opens one call and counts its first answer. */
async function open(n: number): Promise<void> {
  const connection = connections[Math.floor(n / callsPerConnection)] as (typeof connections)[number];
  const answers = connection.client(SchedulerServiceDefinition).holdSlot(requestAndKeepOpen(n))[Symbol.asyncIterator]();
  try {
    const first = await answers.next();
    const kind = first.done ? "ended" : first.value.message?.$case;
    if (kind === "grant" || kind === "queued") counts[kind] += 1;
    else counts.refusals[`${kind}`] = (counts.refusals[`${kind}`] ?? 0) + 1;
  } catch (error) {
    const { reason, retryAfterMs } = error as { reason?: string; retryAfterMs?: number };
    const name = `${reason} ${retryAfterMs}`;
    counts.refusals[name] = (counts.refusals[name] ?? 0) + 1;
  }
}

let next = 0;
async function openInTurn(): Promise<void> {
  while (next < Number(calls)) await open(next++);
}
await Promise.all(Array.from({ length: 256 }, openInTurn));
process.stdout.write(`${JSON.stringify(counts)}\n`);
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
