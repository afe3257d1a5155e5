import { expect, onTestFinished, test } from "vitest";
import { AppError, JobState, jobStateName, jobStateNames, type Pixelmesh, reasons } from "../src/index.ts";
import { startFakeMesh } from "./fake-mesh.ts";
import { toArray } from "./to-array.ts";

type Call = (mesh: Pixelmesh, options: { readonly signal?: AbortSignal }) => Promise<unknown>;

const pipeline = { steps: [{ id: "a", operation: { $case: "prescale" as const, value: { maxSidePx: 64 } } }] };
const picture = { bytes: Uint8Array.of(1) };

async function* never(): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(1);
  await new Promise(() => {});
}

/** Calls every method that takes a signal, and reads every iterable to its end. */
const calls: Readonly<Record<string, Call>> = {
  create: ({ jobs }, options) => jobs.create({ pipeline, pictures: [picture], ...options }),
  "create from a picture that never comes": ({ jobs }, options) =>
    jobs.create({ pipeline, pictures: [{ open: never }], ...options }),
  run: (mesh, options) => mesh.run({ steps: pipeline.steps }, picture, options),
  runBatch: (mesh, options) => mesh.runBatch({ steps: pipeline.steps }, [picture], options),
  get: ({ jobs }, options) => jobs.get("x", options),
  list: ({ jobs }, options) => toArray(jobs.list(options)),
  watch: ({ jobs }, options) => toArray(jobs.watch("x", options)),
  wait: ({ jobs }, options) => jobs.wait("x", options),
  cancel: ({ jobs }, options) => jobs.cancel("x", options),
  cancelMany: ({ jobs }, options) => jobs.cancelMany({ labels: ["x"] }, options),
  retryMany: ({ jobs }, options) => jobs.retryMany({ labels: ["x"] }, options),
  download: ({ jobs }, options) => jobs.download("silent", "result", options),
  "chunks of a download": async ({ jobs }, options) => toArray((await jobs.download("x", "result", options)).chunks),
  models: (mesh, options) => mesh.models(options),
  effects: (mesh, options) => mesh.effects(options),
  cluster: (mesh, options) => mesh.cluster(options),
  stats: (mesh, options) => mesh.stats(options),
  "list of dead letters": ({ deadLetters }, options) => toArray(deadLetters.list(options)),
  "get of a dead letter": ({ deadLetters }, options) => deadLetters.get(1, options),
  replay: ({ deadLetters }, options) => deadLetters.replay(1, options),
  drop: ({ deadLetters }, options) => deadLetters.drop(1, options),
};
const names = Object.keys(calls);
const bounded = names.filter((name) => !["watch", "wait", "run", "runBatch"].includes(name));

/** Starts a mesh that accepts every call and never answers, except for the first message of a stream. `arrived` counts the calls. */
async function startSilentMesh(options: Parameters<typeof startFakeMesh>[1] = {}) {
  let arrived = 0;
  const hang = () => {
    arrived += 1;
    return new Promise<never>(() => {});
  };
  const mesh = await startFakeMesh(
    {
      createJob: hang,
      uploadPicture: hang,
      getJob: hang,
      listJobs: hang,
      cancelJob: hang,
      cancelJobs: hang,
      retryJobs: hang,
      getCluster: hang,
      listModels: hang,
      listEffects: hang,
      getStats: hang,
      async *watchJob() {
        yield { state: JobState.RUNNING, revision: 1 };
        await hang();
      },
      async *downloadOutput({ jobId }) {
        if (jobId !== "silent") yield { part: { $case: "header", value: { name: "result", sizeBytes: 9 } } };
        await hang();
      },
    },
    options,
    { listDeadLetters: hang, getDeadLetter: hang, replayDeadLetter: hang, dropDeadLetter: hang },
  );
  return { mesh, arrived: () => arrived };
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test.each(names)("`%s` fails when its signal is aborted, with the signal's reason as the cause", async (name) => {
  const { mesh, arrived } = await startSilentMesh();
  const call = calls[name] as Call;
  for (const reason of [undefined, new Error("enough"), "a word"]) {
    const stop = new AbortController();
    const before = arrived();
    const failure = failureOf(call(mesh, { signal: stop.signal }));
    await expect.poll(arrived, { interval: 5 }).toBeGreaterThan(before);
    stop.abort(reason);
    expect(await failure).toBeInstanceOf(AppError);
    expect(await failure).toMatchObject({ reason: "CANCELLED", cause: stop.signal.reason });
  }
  const late = AbortSignal.timeout(30);
  expect(await failureOf(call(mesh, { signal: late }))).toMatchObject({
    reason: "DEADLINE_EXCEEDED",
    cause: late.reason,
  });
  // A signal that is already aborted prevents the call.
  const before = arrived();
  const early = AbortSignal.abort("before");
  expect(await failureOf(call(mesh, { signal: early }))).toMatchObject({ reason: "CANCELLED", cause: "before" });
  expect(arrived()).toBe(before);
});

test.each(names)("`%s` fails with CANCELLED when the client is closed, and after that", async (name) => {
  const { mesh, arrived } = await startSilentMesh();
  const call = calls[name] as Call;
  const failure = failureOf(call(mesh, {}));
  await expect.poll(arrived, { interval: 5 }).toBe(1);
  mesh.close();
  for (const error of [await failure, await failureOf(call(mesh, {}))]) {
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ reason: "CANCELLED", message: "The client was closed" });
  }
  expect(arrived()).toBe(1);
});

test.each(bounded.filter((name) => !/create|download/.test(name)))(
  "`%s` fails with DEADLINE_EXCEEDED after the client's timeout",
  async (name) => {
    const { mesh } = await startSilentMesh({ timeoutMs: 50 });
    const error = await failureOf((calls[name] as Call)(mesh, {}));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  },
);

test("a creation fails with DEADLINE_EXCEEDED after its own timeout", async () => {
  const { mesh } = await startSilentMesh();
  const creating = mesh.jobs.create({ pipeline, pictures: [picture], timeoutMs: 50 });
  await expect(creating).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
});

test("an iterable that is aborted between two steps fails at the next one", async () => {
  const jobs = Array.from({ length: 5 }, (_, at) => ({ id: `${at}` }));
  const mesh = await startFakeMesh({ listJobs: async () => ({ jobs, nextPageToken: "" }) });
  const stop = new AbortController();
  const seen: string[] = [];
  const listing = (async () => {
    for await (const { id } of mesh.jobs.list({ signal: stop.signal })) {
      seen.push(id);
      if (id === "1") stop.abort("enough");
    }
  })();
  await expect(listing).rejects.toMatchObject({ reason: "CANCELLED", cause: "enough" });
  expect(seen).toEqual(["0", "1"]);
});

test("`ready` after `close` fails with CANCELLED", async () => {
  const { mesh } = await startSilentMesh();
  await mesh.ready(5_000);
  mesh.close();
  mesh.close();
  await expect(mesh.ready(5_000)).rejects.toMatchObject({ reason: "CANCELLED" });
});

test("errors of the mesh are passed on unchanged, also with a signal", async () => {
  const mesh = await startFakeMesh({
    getJob: async () => {
      throw new AppError("JOB_NOT_FOUND", "There is no such job");
    },
  });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  await expect(mesh.jobs.get("x", { signal: stop.signal })).rejects.toMatchObject({ reason: "JOB_NOT_FOUND" });
});

test.each([
  new Date(0),
  new Date(-1),
  new Date("1999-12-31"),
  new Date(Date.now() - 1),
  new Date(Number.NaN),
  new Date("soon"),
])("a deadline of %s is refused before a call is made", async (deadline) => {
  const { mesh, arrived } = await startSilentMesh();
  const failure = await failureOf(mesh.jobs.create({ pipeline, pictures: [picture], deadline }));
  expect(failure).toMatchObject({ reason: "INVALID_ARGUMENT", fields: [{ field: "deadline" }] });
  expect(arrived()).toBe(0);
});

test("a deadline ahead is sent, and so is a passed one under the caller's request id", async () => {
  let seen = 0;
  const mesh = await startFakeMesh({
    async createJob(stream) {
      for await (const { part } of stream) if (part?.$case === "header") seen += 1;
      return { id: "x" };
    },
  });
  const passed = new Date(Date.now() - 60_000);
  await mesh.jobs.create({ pipeline, pictures: [picture], deadline: new Date(Date.now() + 60_000) });
  await mesh.jobs.create({ pipeline, pictures: [picture], deadline: passed, requestId: "again" });
  expect(seen).toBe(2);
  const zero = mesh.jobs.create({ pipeline, pictures: [picture], deadline: new Date(0), requestId: "again" });
  await expect(zero).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("states and reasons have names", () => {
  expect(jobStateNames).toEqual(["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]);
  for (const name of jobStateNames) expect(jobStateName(JobState[name])).toBe(name);
  expect(jobStateName(99 as JobState)).toBe(undefined);
  expect(reasons).toContain("DEADLINE_EXCEEDED");
});
