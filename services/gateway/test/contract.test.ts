import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import { ImageFormat } from "@pixelmesh/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OpenApiContract, openContract } from "./openapi-contract.ts";
import { type GatewayMesh, json, picture, post, postJson, startGateway } from "./start-gateway.ts";

let gateway: GatewayMesh;
let contract: OpenApiContract;

beforeAll(async () => {
  gateway = await startGateway();
  contract = await openContract(gateway.url);
}, 120_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

test("every route answers as the OpenAPI document says", async () => {
  const { call, called, document } = contract;
  for (const path of [
    "/v1/effects",
    "/v1/features",
    "/v1/remote-models",
    "/v1/models",
    "/v1/models?task=upscale",
    "/v1/cluster",
    "/v1/stats",
    "/v1/health",
  ])
    await call("GET", path);
  const sync = await call("POST", "/v1/images/effects?effect=dither:levels=3&format=png", { body: picture });
  const shown = await decodePicture(sync.bytes, defaultLimits);
  expect([shown.frame.widthPx, shown.frame.heightPx]).toEqual([400, 480]);
  const jobId = sync.response.headers.get("x-pixelmesh-job") as string;
  const comic = await call("POST", "/v1/images/feature?name=comic:dots=3,max_side=256&format=png", { body: picture });
  expect((await decodePicture(comic.bytes, defaultLimits)).frame.heightPx).toBe(256);
  const comicJob = await call("GET", `/v1/jobs/${comic.response.headers.get("x-pixelmesh-job")}`);
  expect(comicJob.value).toMatchObject({ feature: "comic@1", state: "SUCCEEDED" });
  // Settings may be plain values.
  const asked = { feature: { name: "comic", parameters: { dots: 3, palette: "neon" } } };
  const estimate = await call("POST", "/v1/jobs:estimate", { body: asked });
  expect(estimate.value).toEqual({ steps: [], totalMicros: 0, currency: "", budgetLeftMicros: null });
  const behind = { feature: { name: "replace_background", parameters: { picture: 1, blur: 3e-1 } } };
  await call("POST", "/v1/jobs:estimate", { body: behind });
  await call("POST", "/v1/images/prescale?max_side=64", { body: picture });
  await call("POST", "/v1/images/upscale?scale=2&wait=0&max_side=64", { body: picture, status: 202 });
  await call("POST", "/v1/images/remove-background?wait=60s&max_side=64", { body: picture });
  const job = await call("GET", `/v1/jobs/${jobId}`);
  expect(job.value).toMatchObject({ id: jobId, state: "SUCCEEDED", priority: "interactive", error: null });
  await call("GET", "/v1/jobs?page_size=1&state=succeeded&operation=apply_effects");
  await call("GET", `/v1/jobs/${jobId}/outputs/result`);
  await call("GET", `/v1/jobs/${jobId}/events`);
  await call("DELETE", `/v1/jobs/${jobId}`);
  await call("POST", "/v1/jobs:cancel", { body: { filter: { labels: ["none"] }, dryRun: true } });
  await call("POST", "/v1/jobs:retry", { body: { filter: { states: ["failed"] }, dryRun: true } });

  const { value: stored } = await call("POST", "/v1/pictures", { body: picture });
  const other = "0".repeat(64);
  const { value: found } = await call("POST", "/v1/pictures:find", { body: { sha256: [other, stored.sha256] } });
  expect(found).toEqual({ pictures: [{ ...stored, keepUntilUnixMs: 0 }], missing: [other] });
  const { value: info } = await call("POST", "/v1/inspect", { body: picture });
  expect(info).toEqual(stored.info);
  const pipeline = { steps: [{ id: "a", applyEffects: { effects: [{ name: "sepia" }] } }] };
  const created = await call("POST", "/v1/jobs", {
    body: { pipeline, sources: [{ sha256: stored.sha256 }], labels: ["x"] },
    status: 202,
  });
  expect(created.response.headers.get("location")).toBe(`/v1/jobs/${created.value.id}`);
  await call("POST", "/v1/previews", {
    body: {
      sha256: stored.sha256,
      effects: [{ name: "dither", parameters: { levels: 2, dark: "#102030" } }],
      mode: "fast",
    },
  });
  await call("POST", "/v1/previews?effect=blur&mode=balanced&viewer=a", { body: picture });

  const { value: batch } = await call("POST", "/v1/batches", {
    body: { pipeline, sources: [stored.sha256, { sha256: stored.sha256, name: "second" }] },
    status: 202,
  });
  await call("GET", "/v1/batches");
  await call("GET", `/v1/batches/${batch.id}/events`);
  expect((await call("GET", `/v1/batches/${batch.id}`)).value).toMatchObject({ state: "ENDED", jobsSucceeded: 2 });
  expect((await call("GET", `/v1/batches/${batch.id}/jobs`)).value.jobs[1]).toMatchObject({
    name: "second",
    state: "SUCCEEDED",
  });
  await call("POST", `/v1/batches/${batch.id}:retry`);
  await call("DELETE", `/v1/batches/${batch.id}`);

  const models = (await call("GET", "/v1/models?task=upscale")).value as { name: string; available: boolean }[];
  const model = models.find(({ available }) => available)?.name as string;
  expect((await call("POST", `/v1/models/${model}:load`)).value.model).toMatchObject({ loaded: true });
  expect((await call("POST", `/v1/models/${model}:pin`)).value.model).toMatchObject({ pinned: true });
  expect((await call("POST", `/v1/models/${model}:unload`)).value).toMatchObject({ wasLoaded: true });

  await call("GET", "/v1/dead-letters");
  await call("GET", "/v1/dead-letters/77", { status: 404 });
  await call("POST", "/v1/dead-letters/77:replay", { status: 404 });
  await call("DELETE", "/v1/dead-letters/77", { status: 204 });
  await call("GET", "/v1/callbacks?state=failed");
  await call("POST", `/v1/callbacks/${jobId}:retry`, { status: 404 });

  const documented = Object.values(document.paths).flatMap((operations) =>
    Object.values(operations as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
  );
  expect([...called].sort()).toEqual([...new Set(documented)].sort());
  expect(documented.length).toBe(new Set(documented).size);
}, 240_000);

test("a job by HTTP has the outputs of the same job by gRPC", async () => {
  const { client } = gateway.mesh;
  const byHttp = await post(`${gateway.url}/v1/images/effects?effect=posterize:levels=3&format=png`);
  const job = await client.jobs.create({
    pipeline: {
      steps: [
        {
          id: "effects",
          operation: {
            $case: "applyEffects",
            value: {
              effects: [{ name: "posterize", parameters: { levels: { kind: { $case: "number", value: 3 } } } }],
            },
          },
        },
      ],
      outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }],
    },
    pictures: [{ name: "source", bytes: picture }],
  });
  const ended = await client.jobs.wait(job.id);
  expect(byHttp.headers.get("etag")).toBe(`"${ended.outputs[0]?.sha256}"`);
});

test("a form has fields, the picture, and further files that texts name", async () => {
  const form = new FormData();
  form.append("effect", "watermark:picture=@logo,opacity=1");
  form.append("background", "@background");
  form.append("format", "png");
  for (const name of ["picture", "logo", "background"]) form.append(name, new Blob([picture]), `${name}.jpg`);
  const response = await fetch(`${gateway.url}/v1/images/effects?wait=60s`, { method: "POST", body: form });
  expect(response.status, await response.clone().text()).toBe(200);
  const job = await json(fetch(`${gateway.url}/v1/jobs/${response.headers.get("x-pixelmesh-job")}`));
  expect(job.sources.map(({ name }: { name: string }) => name)).toEqual(["source", "logo", "background"]);
  expect(job.steps.map(({ operation }: { operation: string }) => operation)).toEqual([
    "remove_background",
    "replace_background",
    "apply_effects",
  ]);
});

test("a form may hold the pipeline as JSON", async () => {
  const form = new FormData();
  form.append(
    "pipeline",
    JSON.stringify({
      steps: [{ id: "a", prescale: { maxSidePx: 50 } }],
      outputs: [{ name: "small", encoding: { format: "webp" } }],
    }),
  );
  form.append("label", "form");
  form.append("picture", new Blob([picture]));
  const job = await json(fetch(`${gateway.url}/v1/jobs`, { method: "POST", body: form }));
  expect(job).toMatchObject({ labels: ["form"], outputs: [{ name: "small" }] });
});

test("wait, Prefer and their defaults decide between the picture and 202", async () => {
  const slow = "/v1/images/upscale?scale=4&no_cache";
  const statusOf = async (path: string, headers: Record<string, string> = {}) => {
    const response = await post(`${gateway.url}${path}`, picture, headers);
    await response.arrayBuffer();
    return response.status;
  };
  expect(await statusOf(`${slow}&wait=0`)).toBe(202);
  expect(await statusOf(`${slow}&wait=10ms`)).toBe(202);
  expect(await statusOf(slow, { prefer: "respond-async" })).toBe(202);
  expect(await statusOf(slow, { prefer: "wait=0" })).toBe(202);
  expect(await statusOf("/v1/jobs?max_side=64")).toBe(202);
  expect(await statusOf("/v1/jobs?max_side=64&wait=60s")).toBe(200);
  expect(await statusOf("/v1/jobs?max_side=64", { prefer: "wait=60" })).toBe(200);
  await gateway.mesh.client.jobs.cancelMany({ operations: ["upscale"] });
});

test("an Idempotency-Key makes one job of repeated requests", async () => {
  const create = () => post(`${gateway.url}/v1/jobs?max_side=50`, picture, { "idempotency-key": "same" });
  const [first, second] = [await json(create()), await json(create())];
  expect(second.id).toBe(first.id);
  const other = await post(`${gateway.url}/v1/jobs?max_side=51`, picture, { "idempotency-key": "same" });
  expect(other.status).toBe(409);
  expect(await json(other)).toMatchObject({ reason: "REQUEST_ID_REUSED" });
  const body = {
    pipeline: { steps: [{ id: "a", prescale: { maxSidePx: 50 } }] },
    sources: [{ sha256: first.sources[0].sha256 }],
  };
  const ids = [
    postJson(`${gateway.url}/v1/jobs`, body, { "idempotency-key": "j" }),
    postJson(`${gateway.url}/v1/jobs`, body, { "idempotency-key": "j" }),
  ];
  const [a, b] = await Promise.all(ids.map(json));
  expect(a.id).toBe(b.id);
});

test("several outputs are chosen by name, and a failed job is a problem", async () => {
  const variants = "/v1/images/effects?variant=a=sepia&variant=b=invert&format=png";
  const [first, second] = await Promise.all(["", "&output=b"].map((more) => post(`${gateway.url}${variants}${more}`)));
  expect(first?.headers.get("content-disposition")).toContain(".a.png");
  expect(second?.headers.get("content-disposition")).toContain(".b.png");
  const failed = await post(
    `${gateway.url}/v1/images/remove-background?cut_out=min_confidence=1,on_low_confidence=fail&wait=60s`,
  );
  expect(failed.status).toBe(422);
  expect(failed.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(await json(failed)).toMatchObject({ reason: "LOW_CONFIDENCE", jobId: failed.headers.get("x-pixelmesh-job") });
});
