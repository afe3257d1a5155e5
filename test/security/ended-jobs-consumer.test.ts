import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AckPolicy, DeliverPolicy, type JsMsg, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { type Bus, connectBus, purgeBelow, startBroker } from "@pixelmesh/bus";
import { connectPixelmesh, JobState, type Pixelmesh } from "@pixelmesh/client";
import { JobRecord } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { effectStep, robot, slowPicture, slowPipeline } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { allAnnounced, type ServiceProcesses, startServices } from "../support/service-processes.ts";

// The contract of docs/how-to/use-callbacks.md for programs inside the network: a durable consumer of job records, with a user that may do
// nothing else. The consumer uses nats.js alone.

const stream = "KV_jobs";
const durable = "billing";
const filter = "$KV.jobs.record.*";

/** The rights of the consumer's user. */
const permissions = {
  publish: [
    `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
    `$JS.ACK.${stream}.${durable}.>`,
  ],
  subscribe: ["_INBOX_billing.>"],
};

const started = new AsyncDisposableStack();
let url: string;
let bus: Bus;
let client: Pixelmesh;
let services: ServiceProcesses;
let mesh: NatsConnection;

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-ended-"));
  started.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const list = (subjects: readonly string[]) => `[${subjects.map((subject) => `"${subject}"`).join(", ")}]`;
  const broker = await startBroker({
    dataDir: join(dir, "nats"),
    // The mesh's processes give no credentials here: they are user `mesh`.
    config: [
      'no_auth_user: "mesh"',
      "authorization {",
      "  users: [",
      '    { user: "mesh", password: "mesh" },',
      `    { user: "billing", password: "billing", permissions: { publish: ${list(permissions.publish)}, subscribe: ${list(permissions.subscribe)} } }`,
      "  ]",
      "}",
    ],
  });
  started.defer(() => broker.stop());
  url = broker.url;
  const names = ["ingest", "scheduler", "storage", "effects"] as const;
  services = await startServices(
    names.map((name) => ({ name, service: name, instance: "0" })),
    { PIXELMESH_NATS_URL: url, PIXELMESH_STORAGE_DIR: join(dir, "blobs") },
  );
  started.use(services);
  const log = createLogger({ service: "test", level: "silent" });
  bus = await connectBus({
    natsUrl: url,
    natsReplicas: 1,
    ackWaitMs: 2_000,
    name: "test",
    log,
    metrics: createMetrics("test", "0"),
  });
  started.defer(bus.close);
  await allAnnounced(bus, names.length, () => names.map(services.errorOutput));
  client = connectPixelmesh({ address: services.address("ingest") });
  started.defer(() => client.close());
  mesh = await connect({ servers: url, user: "mesh", pass: "mesh" });
  started.defer(() => mesh.close());
}, 180_000);
afterAll(() => started.disposeAsync());

/** What an operator does once, with the mesh's user. */
async function createConsumer(name = durable): Promise<void> {
  const manager = await jetstreamManager(mesh);
  await manager.consumers.add(stream, {
    durable_name: name,
    filter_subject: filter,
    deliver_policy: DeliverPolicy.New,
    ack_policy: AckPolicy.Explicit,
    ack_wait: 2_000 * 1e6,
    max_deliver: -1,
    max_ack_pending: 100,
  });
}

const terminal: ReadonlySet<JobState> = new Set([JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED]);

/** Connects as the consumer's user. */
async function connectBilling(): Promise<NatsConnection> {
  const connection = await connect({ servers: url, user: "billing", pass: "billing", inboxPrefix: "_INBOX_billing" });
  onTestFinished(() => connection.close());
  return connection;
}

/** Takes messages until `handle` returns true or none comes for 3 s. */
async function consume(
  connection: NatsConnection,
  handle: (message: JsMsg, record: JobRecord) => boolean,
): Promise<void> {
  const consumer = await jetstream(connection).consumers.get(stream, durable);
  for (;;) {
    const message = await consumer.next({ expires: 3_000 });
    if (!message || handle(message, JobRecord.decode(message.data))) return;
  }
}

const pipeline = () => ({ steps: [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 })] });

async function endJobs(): Promise<Map<string, JobState>> {
  const good = await client.jobs.create({ pipeline: pipeline(), pictures: [{ bytes: robot }] });
  const bad = await client.jobs.create({ pipeline: pipeline(), pictures: [{ bytes: robot.subarray(0, 2_000) }] });
  const slow = await client.jobs.create({ pipeline: slowPipeline(), pictures: [{ bytes: await slowPicture() }] });
  await client.jobs.cancel(slow.id);
  const ended = await Promise.all([good, bad, slow].map(({ id }) => client.jobs.wait(id)));
  return new Map(ended.map(({ id, state }) => [id, state]));
}

test("a durable consumer gets the end of every job, also of those that end while it is away, and again until it acks", async () => {
  await createConsumer();
  const expected = await endJobs();
  expect(new Set(expected.values())).toEqual(terminal);
  const seen = new Map<string, JobState>();
  // It dies without an ack of the first end.
  let lost = "";
  await consume(await connectBilling(), (message, { jobId, state }) => {
    if (!terminal.has(state)) message.ack();
    else lost = jobId;
    return lost !== "";
  });
  expect(expected.has(lost)).toBe(true);
  for (const [id, state] of await endJobs()) expected.set(id, state);
  const subjects = new Set<string>();
  await consume(await connectBilling(), (message, { jobId, state }) => {
    subjects.add(message.subject.replace(jobId, "<job>"));
    if (terminal.has(state)) seen.set(jobId, state);
    message.ack();
    return seen.size === expected.size;
  });
  expect(seen).toEqual(expected);
  expect(subjects).toEqual(new Set(["$KV.jobs.record.<job>"]));
});

test("its user may do nothing else: read other streams, write, or listen", async () => {
  const connection = await connectBilling();
  const violations: string[] = [];
  void (async () => {
    for await (const status of connection.status()) violations.push(JSON.stringify(status));
  })();
  const denied = [
    "$JS.API.STREAM.INFO.KV_jobs",
    "$JS.API.STREAM.MSG.GET.KV_jobs",
    "$JS.API.DIRECT.GET.KV_jobs.$KV.jobs.record.x",
    "$JS.API.CONSUMER.CREATE.KV_jobs",
    `$JS.API.CONSUMER.DELETE.KV_jobs.${durable}`,
    "$JS.API.CONSUMER.MSG.NEXT.JOB_EVENTS.orchestrator",
    "$KV.jobs.record.x",
    "work.effects.interactive.x.y.1",
  ];
  for (const subject of denied) {
    await expect(connection.request(subject, "{}", { timeout: 500 }), subject).rejects.toThrow();
    await expect.poll(() => violations.some((text) => text.includes(subject)), { message: subject }).toBe(true);
  }
  connection.subscribe("changed.>", { callback() {} });
  await expect.poll(() => violations.some((text) => text.includes("changed.>"))).toBe(true);
});

test("eviction of old records takes nothing newer from a consumer that is behind", async () => {
  await (await jetstreamManager(mesh)).consumers.delete(stream, durable);
  await createConsumer();
  const first = (await bus.jsm.streams.info(stream)).state.last_seq;
  const total = 600;
  for (let at = 0; at < total; at++) {
    // As ingest stores a job: its specification, then its record.
    await bus.js.publish(`$KV.jobs.spec.evicted.${at}`, "x");
    const record = JobRecord.create({ jobId: `evicted-${at}`, tenant: "evicted", state: JobState.SUCCEEDED });
    await bus.js.publish(`$KV.jobs.record.evicted-${at}`, JobRecord.encode(record).finish());
  }
  const cut = 250;
  await purgeBelow(bus, "jobs", first + 1 + 2 * cut);
  const seen: string[] = [];
  await consume(await connectBilling(), (message, { jobId }) => {
    message.ack();
    if (jobId.startsWith("evicted-")) seen.push(jobId);
    return seen.length === total - cut;
  });
  expect(seen).toEqual(Array.from({ length: total - cut }, (_, at) => `evicted-${at + cut}`));
});
