import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:http2";
import { join } from "node:path";
import { connectPixelmesh, JobState, type PipelineInput } from "@pixelmesh/client";
import { ImageFormat, JobServiceDefinition } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot, step } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

type Line = Record<string, unknown> & { readonly msg?: string; readonly jobId?: string; readonly level?: string };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ env: { PIXELMESH_LOG_LEVEL: "trace" } });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

/** The logs of all services, with the previous file of each. */
function readLogs(): string {
  const dir = join(mesh.dataDir, "logs");
  return readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), "utf8"))
    .join("");
}

/** The lines of our logger. Libraries print lines of their own, for example when a port is taken and the mesh retries with another. */
function readLines(text = readLogs()): Line[] {
  return text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Line] : []));
}

/** Makes a call with marks in its headers and in bytes that do not decode. */
async function sendRaw(address: string, mark: string): Promise<void> {
  const session = connect(`http://${address}`);
  const call = session.request({
    ":method": "POST",
    ":path": "/pixelmesh.jobs.v1.JobService/GetJob",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${mark}`,
    "user-agent": mark,
    "x-custom": mark,
  });
  call.resume();
  const bytes = Buffer.from(`\0\0\0\0\0${mark}`);
  bytes.writeUInt32BE(bytes.length - 5, 1);
  call.end(bytes);
  await once(call, "close");
  session.close();
}

test("each request and each transition of a job is logged as one line, with job, step, trace, duration and outcome", async () => {
  const contrast = 1 + Math.random() / 4;
  const pipeline = {
    steps: [
      step("small", { $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } }),
      effectStep("fx", "black_and_white", { contrast }),
    ],
  };
  const run = async () => {
    const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: robot }] });
    expect((await mesh.client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);
    return id;
  };
  const [first, again] = [await run(), await run()];
  const about = (id: string, msg: string) => readLines().filter((line) => line.jobId === id && line.msg === msg);
  await expect.poll(() => about(again, "job ended").length).toBe(1);
  await expect.poll(() => about(first, "step done").length).toBe(2);

  const traceId = about(first, "job created")[0]?.traceId;
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  for (const msg of ["job created", "job ended"]) expect(about(first, msg)).toMatchObject([{ traceId }]);
  for (const stepId of ["small", "fx"]) {
    const lines = [...about(first, "step started"), ...about(first, "step done")].filter((it) => it.stepId === stepId);
    expect(lines).toMatchObject([
      { traceId, msg: "step started" },
      { traceId, msg: "step done", outcome: "succeeded", ms: expect.any(Number) },
    ]);
  }
  expect(about(first, "job ended")).toMatchObject([{ outcome: "succeeded", ms: expect.any(Number), reason: "" }]);
  expect(about(again, "step answered from the result cache").map(({ stepId, outcome }) => [stepId, outcome])).toEqual([
    ["small", "cached"],
    ["fx", "cached"],
  ]);
  const calls = about(first, "call");
  expect(calls).toContainEqual(
    expect.objectContaining({ method: "pixelmesh.jobs.v1.JobService/CreateJob", status: "OK", ms: expect.any(Number) }),
  );
  expect(calls.filter(({ method }) => String(method).endsWith("/HoldSlot")).length).toBeGreaterThanOrEqual(2);
});

test("no log holds a value that a caller sent, at the most detailed level", async () => {
  const mark = `zq${randomBytes(6).toString("hex")}`;
  const marked = await sharp(robot)
    .withExif({ IFD0: { ImageDescription: mark, Artist: mark } })
    .jpeg()
    .toBuffer();
  expect(marked.includes(mark)).toBe(true);
  const source = { name: `${mark}-source`, bytes: Buffer.concat([marked, Buffer.from(mark)]) };
  const effect = effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 });
  const encoding = { format: ImageFormat.PNG };
  const reasons: string[] = [];
  const refused = async (call: Promise<unknown>) => {
    await call.then(
      () => reasons.push("none"),
      (error: { reason?: string }) => reasons.push(error.reason ?? String(error)),
    );
  };
  const from = (name: string) => [{ from: { $case: "upload" as const, value: name } }];
  const create = (pipeline: PipelineInput, pictures = [source], requestId = "") =>
    mesh.client.jobs.create({ pipeline, pictures, ...(requestId ? { requestId } : {}) });

  const fx = { ...effect, inputs: from(source.name) };
  const outputs = [{ name: `${mark}-out`, step: "fx", encoding }];
  const job = await create({ steps: [fx], outputs }, [source], `${mark}-request`);
  const done = await mesh.client.jobs.wait(job.id);
  expect(done).toMatchObject({
    state: JobState.SUCCEEDED,
    requestId: `${mark}-request`,
    outputs: [{ name: `${mark}-out` }],
  });
  expect((await download(mesh.client, done, `${mark}-out`)).length).toBeGreaterThan(0);

  // Its header is valid, its pixels are not: the step fails in a worker.
  const cut = { name: `${mark}-cut`, bytes: Buffer.concat([marked.subarray(0, marked.length / 2), Buffer.from(mark)]) };
  const broken = await create({ steps: [{ ...fx, inputs: from(cut.name) }] }, [cut]);
  expect((await mesh.client.jobs.wait(broken.id)).state).toBe(JobState.FAILED);

  const { jobs } = mesh.client;
  await refused(create({ steps: [effectStep("fx", `${mark}-effect`)] }));
  await refused(create({ steps: [effectStep("fx", "dither", { method: mark })] }));
  await refused(create({ steps: [effectStep("fx", "dither", { [mark]: mark })] }));
  await refused(create({ steps: [step("up", { $case: "upscale", value: { scale: 2, model: mark } } as never)] }));
  const replace = { $case: "replaceBackground", value: { with: { $case: "color", value: mark } } };
  await refused(create({ steps: [step("bg", replace as never)] }));
  await refused(create({ steps: [step(`${mark} id`, fx.operation)] }));
  await refused(create({ steps: [fx], outputs: [{ name: `${mark} out`, step: mark, encoding }] }));
  await refused(create({ steps: [fx] }, [{ ...source, bytes: Buffer.from(`${mark} is no picture`) }]));
  await refused(create({ steps: [fx] }, [{ ...source, name: `${mark} Name` }]));
  await refused(create({ steps: [fx] }, [{ ...source, ...{ sha256: mark } }]));
  await refused(create({ steps: [effectStep("other", "dither")] }, [source], `${mark}-request`));
  await refused(jobs.get(mark));
  await refused(jobs.cancel(`${mark} id`));
  await refused(download(mesh.client, done, `${mark}-none`));
  const stranger = connectPixelmesh({ address: mesh.address, tenant: `${mark} tenant` });
  await refused(stranger.jobs.get(job.id));
  stranger.close();
  const connection = connectRpc(mesh.address);
  const rpc = connection.client(JobServiceDefinition);
  await refused(rpc.listJobs({ pageSize: 1, pageToken: mark, state: JobState.UNSPECIFIED }));
  connection.close();
  await sendRaw(mesh.address, mark);

  // The refusals have many reasons: the marks reached all code that could log them.
  expect(reasons).not.toContain("none");
  expect(new Set(reasons).size).toBeGreaterThanOrEqual(6);
  await expect.poll(() => readLines().some(({ jobId, msg }) => jobId === broken.id && msg === "job ended")).toBe(true);
  const text = readLogs();
  expect(readLines(text).filter(({ msg }) => msg === "step failed").length).toBeGreaterThanOrEqual(1);
  for (const form of [mark, Buffer.from(mark).toString("base64").slice(0, 14), Buffer.from(mark).toString("hex")])
    expect(text.split("\n").filter((line) => line.includes(form))).toEqual([]);
});

test("SIGUSR2 toggles the detailed log of one process", async () => {
  const lastLevel = () => readLines(mesh.logs("storage")).findLast(({ logLevel }) => logLevel !== undefined)?.logLevel;
  const switched = async (level: string) => {
    const before = readLines(mesh.logs("storage")).filter(({ logLevel }) => logLevel !== undefined).length;
    mesh.kill("storage", "SIGUSR2");
    await expect
      .poll(() => readLines(mesh.logs("storage")).filter(({ logLevel }) => logLevel !== undefined).length)
      .toBe(before + 1);
    expect(lastLevel()).toBe(level);
  };
  await switched("info");
  await switched("trace");
});
