import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, pipeline } from "@pixelmesh/client";
import { jobRoles } from "@pixelmesh/roles";
import { drawTestFrame, startTestMesh, type TestMesh } from "@pixelmesh/testing";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeProvider, startFakeProvider } from "../../services/remote/test/fake-provider/start-fake-provider.ts";

let fake: FakeProvider;
let mesh: TestMesh;
let dir: string;

/** A PNG of this size; other sizes are other pictures. */
async function picture(widthPx: number, heightPx = 40): Promise<{ png: Buffer; pixels: Uint8Array }> {
  const { data } = drawTestFrame(widthPx, heightPx);
  const raw = { width: widthPx, height: heightPx, channels: 3 } as const;
  return { png: await sharp(data, { raw }).png().toBuffer(), pixels: data };
}

const charged = async () => (await fake.control.stats()).total.charged;
/** A call costs a cent. */
const priceMicros = 10_000;

beforeAll(async () => {
  fake = await startFakeProvider();
  dir = await mkdtemp(join(tmpdir(), "pixelmesh-features-"));
  const manifest = join(dir, "hosted-models.json");
  const model = {
    name: "restorer",
    provider: "fake",
    version: "owner/restorer:v1",
    class: "light",
    timeout: "30s",
    price: { perCall: 0.01 },
    capabilities: ["restore_face", "comic"],
    picture: { as: "data_uri", format: "png" },
    input: { image: "{{picture}}", fidelity: "{{parameters.fidelity}}" },
    parameters: [{ name: "fidelity", type: "number", default: 0.5, minimum: 0, maximum: 1 }],
  };
  const hosts = { resultHosts: [fake.filesHost], privateHosts: [fake.host, fake.filesHost] };
  const provider = { name: "fake", kind: "replicate", baseUrl: `${fake.url}/v1`, ...hosts };
  await writeFile(manifest, JSON.stringify({ version: 1, currency: "EUR", providers: [provider], models: [model] }));
  mesh = await startTestMesh({
    services: [...jobRoles, "remote"],
    env: { PIXELMESH_REMOTE_MANIFEST: manifest, PIXELMESH_REMOTE_BUDGETS: "poor=0.015" },
  });
}, 120_000);

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  await fake?.close();
  if (dir) await rm(dir, { recursive: true, force: true });
});

test("features say where their steps run, and what is missing for those that cannot run", async () => {
  const features = await mesh.client.features();
  expect(features.map(({ name }) => name)).toContain("product_photo");
  expect(features.find(({ name }) => name === "restore_face")).toMatchObject({
    available: true,
    steps: [{ operation: "remote_model", runsOn: "fake", model: "restorer" }],
  });
  const local = features.find(({ name }) => name === "product_photo");
  expect(local).toMatchObject({ available: true, version: 1 });
  expect(new Set(local?.steps.map(({ runsOn }) => runsOn))).toEqual(new Set(["local"]));
  const missing = features.find(({ name }) => name === "relight");
  expect(missing).toMatchObject({ available: false });
  expect(missing?.unavailableReason).toContain('"capabilities": ["relight"]');
});

test("operations and features of this mesh send nothing to a provider", async () => {
  const { png } = await picture(64);
  const { client } = mesh;
  const steps = pipeline().prescale({ maxSidePx: 48 }).upscale(2).removeBackground().replaceBackground("#808080");
  await client.run(steps.effect("blur"), png);
  for (const { name, steps: ran, available } of await client.features()) {
    if (!available || ran.some(({ runsOn }) => runsOn !== "local")) continue;
    const { job } = await client.runFeature(name, png);
    expect(job.feature).toBe(`${name}@1`);
    expect(job.notices.filter(({ kind }) => kind === "left_mesh")).toEqual([]);
    expect(job.steps.every(({ cost }) => cost === undefined)).toBe(true);
  }
  expect(await fake.control.requests()).toEqual([]);
  expect((await client.stats()).features.map(({ feature }) => feature)).toContain("product_photo@1");
});

test("a feature with a hosted model has its result, says that the picture left the mesh, and is paid for once", async () => {
  const { png, pixels } = await picture(65);
  const { client } = mesh;
  const before = await charged();
  const feature = {
    name: "restore_face",
    settings: { fidelity: 0.25 },
    outputs: { restored: { format: "png" } },
  } as const;
  const estimate = await client.estimateCost({ feature });
  expect(estimate).toMatchObject({ totalMicros: priceMicros, currency: "EUR", budgetLeftMicros: -1 });

  const finished = await client.runFeature(feature, png);
  const inverted = await sharp(await finished.bytes("restored"))
    .removeAlpha()
    .raw()
    .toBuffer();
  expect(inverted.equals(Buffer.from(pixels.map((sample) => 255 - sample)))).toBe(true);
  expect(finished.job.feature).toBe("restore_face@1");
  expect(finished.job.notices).toContainEqual({
    stepId: "restore_face",
    kind: "left_mesh",
    text: expect.stringContaining("fake"),
  });
  expect(finished.job.steps[0]?.cost).toMatchObject({
    actualMicros: priceMicros,
    savedMicros: 0,
    currency: "EUR",
    provider: "fake",
  });

  // The same pipeline has the same key, so its result is there.
  const again = await client.run(
    pipeline().remoteModel("restorer", { fidelity: 0.25 }).output("restored", { format: "png" }),
    png,
  );
  expect(again.job.feature).toBe("");
  expect(again.job.steps[0]).toMatchObject({ cached: true, cost: { actualMicros: 0, savedMicros: priceMicros } });
  expect(await charged()).toBe(before + 1);

  const stats = await client.stats();
  expect(stats.costs).toMatchObject({
    currency: "EUR",
    calls: 1,
    costMicros: priceMicros,
    savedMicros: priceMicros,
    tenants: [],
  });
  expect(stats.features.find((each) => each.feature === "restore_face@1")).toMatchObject({ costMicros: priceMicros });
});

test("a batch takes a feature", async () => {
  const before = await charged();
  const pictures = await Promise.all([66, 67].map(async (width) => ({ bytes: (await picture(width)).png })));
  const features: string[] = [];
  await mesh.client.runFeatureBatch("restore_face", pictures, {
    onResult: ({ finished, error }) => {
      if (error) throw error;
      features.push(finished.job.feature);
    },
  });
  expect(features).toEqual(["restore_face@1", "restore_face@1"]);
  expect(await charged()).toBe(before + 2);
});

test("what cannot run is refused before anything is sent", async () => {
  const { png } = await picture(68);
  const { client } = mesh;
  await fake.control.reset();
  const refusedWith = (reason: string) => expect.objectContaining({ reason });
  await expect(client.runFeature("relight", png)).rejects.toEqual(refusedWith("PROVIDER_NOT_CONFIGURED"));
  await expect(client.runFeature("nope", png)).rejects.toEqual(refusedWith("UNKNOWN_FEATURE"));
  await expect(client.runFeature({ name: "restore_face", settings: { fidelity: 2 } }, png)).rejects.toEqual(
    refusedWith("INVALID_ARGUMENT"),
  );
  await expect(client.run(pipeline().remoteModel("nope"), png)).rejects.toEqual(refusedWith("UNKNOWN_MODEL"));
  expect(await fake.control.requests()).toEqual([]);
});

test("a tenant whose budget is spent is refused at once, with the time until the next day; others are not", async () => {
  const client = connectPixelmesh({ address: mesh.address, tenant: "poor" });
  try {
    expect((await client.estimateCost({ feature: "restore_face" })).budgetLeftMicros).toBe(15_000);
    await client.runFeature("restore_face", (await picture(69)).png);
    expect((await client.estimateCost({ feature: "restore_face" })).budgetLeftMicros).toBe(5_000);
    const before = await charged();
    const refused = client.runFeature("restore_face", (await picture(70)).png);
    await expect(refused).rejects.toMatchObject({ reason: "BUDGET_EXCEEDED", retryAfterMs: expect.any(Number) });
    expect(await charged()).toBe(before);
    expect((await client.jobs.list({ pageSize: 10 }).next()).value?.feature).toBe("restore_face@1");
    expect((await client.stats()).costs).toMatchObject({ calls: 1, costMicros: priceMicros });
  } finally {
    client.close();
  }
  await mesh.client.runFeature("restore_face", (await picture(70)).png);
});
