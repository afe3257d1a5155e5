import { connectPixelmesh, JobState, Priority } from "@pixelmesh/client";
import { CreateJobHeader, JobServiceDefinition, Pipeline } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({
    services: ["ingest", "scheduler", "storage", "effects"],
    env: { PIXELMESH_INGEST_MAX_CREATE_CALLS: "32", PIXELMESH_INGEST_INTERACTIVE_PER_TENANT: "4" },
  });
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

const pipeline = Pipeline.fromPartial({ steps: [effectStep("fx", "dither")] });

test("a flood of one tenant is refused at once with a retry delay, and another tenant's jobs succeed", async () => {
  const connection = connectRpc(mesh.address, { tenant: "flood", timeoutMs: 120_000 });
  onTestFinished(connection.close);
  const rpc = connection.client(JobServiceDefinition);
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  async function* messages(requestId: string) {
    yield { part: { $case: "header" as const, value: CreateJobHeader.fromPartial({ pipeline, requestId }) } };
    // Each call stays in progress until all have begun.
    await opened;
    yield { part: { $case: "upload" as const, value: { name: "source", sha256: "", sizeBytes: 0 } } };
    yield { part: { $case: "chunk" as const, value: robot } };
    yield { part: { $case: "end" as const, value: {} } };
  }
  let refused = 0;
  const calls = Array.from({ length: 200 }, (_, at) =>
    rpc.createJob(messages(`flood-${at}`)).catch((error: unknown) => {
      refused += 1;
      expect(error).toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: expect.any(Number) });
      return undefined;
    }),
  );
  // One tenant may have half of 32 calls in progress. The refusals do not wait for other calls.
  await expect.poll(() => refused).toBe(184);

  const other = connectPixelmesh({ address: mesh.address, tenant: "other" });
  onTestFinished(other.close);
  const job = await other.jobs.create({ pipeline, pictures: [{ bytes: robot }] });
  expect(await other.jobs.wait(job.id)).toMatchObject({ state: JobState.SUCCEEDED });

  open();
  const accepted = (await Promise.all(calls)).filter((each) => each !== undefined);
  expect(accepted).toHaveLength(16);
  // A refused call left no state: the same request is accepted now.
  expect((await rpc.createJob(messages("flood-199"))).id).not.toBe("");
});

test("calls that are refused while they send their pictures get the reason, and their connection stays open", async () => {
  const connection = connectRpc(mesh.address, { tenant: "large", timeoutMs: 120_000 });
  onTestFinished(connection.close);
  const rpc = connection.client(JobServiceDefinition);
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const header = { part: { $case: "header" as const, value: CreateJobHeader.fromPartial({ pipeline }) } };
  const upload = { part: { $case: "upload" as const, value: { name: "source", sha256: "", sizeBytes: 0 } } };
  async function* waiting() {
    yield header;
    await opened;
    throw new Error("gone");
  }
  const held = Array.from({ length: 16 }, () => rpc.createJob(waiting()).catch(() => undefined));
  // More than an HTTP/2 client may send before the server reads.
  const chunk = Buffer.alloc(256 * 1024);
  async function* large() {
    yield header;
    yield upload;
    for (let at = 0; at < 16; at++) yield { part: { $case: "chunk" as const, value: chunk } };
  }
  for (let round = 0; round < 3; round++) {
    const refused = await Promise.all(
      Array.from({ length: 32 }, () => rpc.createJob(large()).catch((error: unknown) => error)),
    );
    for (const each of refused) expect(each).toMatchObject({ reason: "QUEUE_FULL" });
  }
  open();
  await Promise.all(held);
  async function* whole() {
    yield header;
    yield upload;
    yield { part: { $case: "chunk" as const, value: robot } };
    yield { part: { $case: "end" as const, value: {} } };
  }
  // The server sees the end of the calls a moment later.
  await expect
    .poll(() =>
      rpc.createJob(whole()).then(
        ({ id }) => id !== "",
        () => false,
      ),
    )
    .toBe(true);
});

test("interactive jobs of a tenant with many open ones run as batch, with a notice; another tenant's do not", async () => {
  const effects = mesh.processes().find(({ name }) => name === "effects")?.pid as number;
  process.kill(effects, "SIGSTOP");
  onTestFinished(() => void process.kill(effects, "SIGCONT"));
  const client = connectPixelmesh({ address: mesh.address, tenant: "busy" });
  onTestFinished(client.close);
  const create = (from: typeof client) =>
    from.jobs.create({ pipeline, pictures: [{ bytes: robot }], noCache: true, priority: Priority.INTERACTIVE });
  const jobs = [];
  for (let at = 0; at < 6; at++) jobs.push(await create(client));
  expect(jobs.map(({ priority }) => priority)).toEqual([
    ...Array.from({ length: 4 }, () => Priority.INTERACTIVE),
    ...Array.from({ length: 2 }, () => Priority.BATCH),
  ]);
  expect(jobs.map(({ notices }) => notices.map(({ kind }) => kind))).toEqual([
    ...Array.from({ length: 4 }, () => []),
    ...Array.from({ length: 2 }, () => ["priority_lowered"]),
  ]);
  expect((await create(mesh.client)).priority).toBe(Priority.INTERACTIVE);
  process.kill(effects, "SIGCONT");
  for (const { id } of jobs) expect((await client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);
});
