import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openEvents, type ReadEvent, readAll } from "./read-events.ts";
import { type GatewayMesh, json, post, postJson, startGateway } from "./start-gateway.ts";

let gateway: GatewayMesh;
const heartbeatMs = 200;

beforeAll(async () => {
  gateway = await startGateway({ env: { PIXELMESH_GATEWAY_HEARTBEAT: `${heartbeatMs}ms` } });
}, 120_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** A job that runs for some seconds: it has many tiles. */
async function createSlowJob(): Promise<string> {
  return (await json(post(`${gateway.url}/v1/jobs?scale=4&no_cache&priority=batch`))).id;
}
/** A slow job whose worker is stopped, so that it does not end before `resume`. */
async function createHeldJob(): Promise<{ readonly jobId: string; readonly resume: () => void }> {
  const jobId = await createSlowJob();
  const { pid } = gateway.mesh.processes().find(({ name }) => name === "upscale") as { pid: number };
  process.kill(pid, "SIGSTOP");
  const resume = () => void process.kill(pid, "SIGCONT");
  onTestFinished(resume);
  return { jobId, resume };
}
const eventsOf = (jobId: string) => `${gateway.url}/v1/jobs/${jobId}/events`;

test("a job is followed from its state now to its end, with rising ids", async () => {
  const jobId = await createSlowJob();
  const events = await readAll(eventsOf(jobId));
  expect(events.at(-1)).toMatchObject({ event: "end", data: { state: "SUCCEEDED" } });
  expect(events.at(-2)).toMatchObject({ event: "job", data: { id: jobId, state: "SUCCEEDED", progress: 1 } });
  const places = events.map(({ id }) => id.split("-").map(Number) as [number, number]);
  for (const [at, [revision, step]] of places.slice(1).entries()) {
    const [before, stepBefore] = places[at] as [number, number];
    expect(
      revision > before || (revision === before && step >= stepBefore),
      `${places[at]} then ${revision}-${step}`,
    ).toBe(true);
  }
});

test("after a cut connection nothing that was seen is sent again", async () => {
  const { jobId, resume } = await createHeldJob();
  const first = await openEvents(eventsOf(jobId));
  const last = (await first.next()) as ReadEvent;
  first.cut();
  resume();
  const later = await readAll(eventsOf(jobId), { "last-event-id": last.id });
  expect(later[0]?.id).not.toBe(last.id);
  expect(later[0]?.data.progress).toBeGreaterThanOrEqual(last.data.progress);
  expect(later.at(-1)?.event).toBe("end");
});

test("an ended job is sent once, its end once, and then the caller is told to stop", async () => {
  const { id: jobId } = await json(post(`${gateway.url}/v1/jobs?max_side=60&wait=0`));
  const events = await readAll(eventsOf(jobId));
  const [job, end] = events.slice(-2) as [ReadEvent, ReadEvent];
  const onlyEnd = await readAll(eventsOf(jobId), { "last-event-id": job.id });
  expect(onlyEnd.map(({ event }) => event)).toEqual(["end"]);
  const nothing = await fetch(eventsOf(jobId), { headers: { "last-event-id": end.id } });
  expect(nothing.status).toBe(204);
  const unknown = await readAll(eventsOf(jobId), { "last-event-id": "not an id" });
  expect(unknown.map(({ event }) => event)).toEqual(["job", "end"]);
});

test("a missing job is a problem, not a stream", async () => {
  const response = await fetch(eventsOf("none"));
  expect(response.status).toBe(404);
  expect(await json(response)).toMatchObject({ reason: "JOB_NOT_FOUND" });
});

test("a quiet stream gets comments", async () => {
  const { jobId, resume } = await createHeldJob();
  const stream = await openEvents(eventsOf(jobId));
  const reading = (async () => {
    for (let event = await stream.next(); event; event = await stream.next());
  })();
  await expect.poll(stream.text).toMatch(/^:$/m);
  resume();
  await gateway.mesh.client.jobs.cancelMany({ operations: ["upscale"] });
  await reading;
});

test("a batch is followed by its cursor", async () => {
  const { sha256 } = await json(post(`${gateway.url}/v1/pictures`));
  const pipeline = { steps: [{ id: "a", prescale: { maxSidePx: 40 } }] };
  const sources = Array.from({ length: 20 }, () => sha256);
  const batch = await json(postJson(`${gateway.url}/v1/batches`, { pipeline, sources }));
  const url = `${gateway.url}/v1/batches/${batch.id}/events`;
  const events = await readAll(url);
  const ended = events.flatMap(({ event, data }) => (event === "batch" ? data.ended : []));
  expect(ended.map(({ index }: { index: number }) => index).sort((a, b) => a - b)).toEqual(
    sources.map((_, index) => index),
  );
  const later = await readAll(url, { "last-event-id": "15" });
  expect(later.flatMap(({ event, data }) => (event === "batch" ? data.ended : []))).toHaveLength(5);
  const end = events.at(-1) as ReadEvent;
  expect(end.event).toBe("end");
  expect((await fetch(url, { headers: { "last-event-id": end.id } })).status).toBe(204);
});

test("a stopping gateway sends its callers away, and they continue after its restart", async () => {
  const { mesh } = gateway;
  const { jobId, resume } = await createHeldJob();
  const stream = await openEvents(eventsOf(jobId));
  const first = (await stream.next()) as ReadEvent;
  const before = mesh.processes().find(({ name }) => name === "gateway")?.pid;
  mesh.kill("gateway", "SIGTERM");
  let last = first;
  for (let event = await stream.next(); event; event = await stream.next())
    last = event.event === "job" || event.event === "reconnect" ? event : last;
  expect(last.event).toBe("reconnect");
  expect(stream.text()).toMatch(/^retry: \d+$/m);
  await expect.poll(() => mesh.processes().find(({ name }) => name === "gateway")?.pid).not.toBe(before);
  await expect
    .poll(() =>
      fetch(`${gateway.url}/v1/health`).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
  resume();
  const later = await readAll(eventsOf(jobId), { "last-event-id": first.id });
  expect(later[0]?.id).not.toBe(first.id);
  expect(later.at(-1)?.event).toBe("end");
});

test("a stream lives on when ingest restarts", async () => {
  const { mesh } = gateway;
  const { jobId, resume } = await createHeldJob();
  const stream = await openEvents(eventsOf(jobId));
  await stream.next();
  mesh.kill("ingest");
  resume();
  let last: ReadEvent | undefined;
  for (let event = await stream.next(); event; event = await stream.next()) last = event;
  expect(last).toMatchObject({ event: "end", data: { state: "SUCCEEDED" } });
});
