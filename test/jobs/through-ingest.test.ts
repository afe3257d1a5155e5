import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppError } from "@pixelmesh/client";
import { defaultLimits, encodeFrame } from "@pixelmesh/imaging";
import {
  BackgroundServiceDefinition,
  EffectsServiceDefinition,
  Encoding,
  ImageFormat,
  type PreviewEffectsResponse,
  UpscaleServiceDefinition,
} from "@pixelmesh/proto";
import { connectRaw, connectRpc, type GeneratedService, type RpcConnection, toChunks } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { robot, slowPicture } from "@pixelmesh/testing/jobs";
import { collectable, readMemory } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

const png = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };
const operation = { effects: [{ name: "black_and_white", parameters: {} }] };

type Part = { readonly $case: string; readonly value: unknown };

async function* upload<H>(header: H, bytes: Uint8Array = robot, size = 10_000) {
  yield { part: { $case: "header" as const, value: header } };
  for (const value of toChunks(bytes, size)) yield { part: { $case: "chunk" as const, value } };
}

/** The picture of a direct call: its header and its bytes. Progress is left out, because its moments vary. */
async function collect(stream: AsyncIterable<{ part?: Part | undefined }>) {
  const parts: Part[] = [];
  for await (const { part } of stream) if (part && part.$case !== "progress") parts.push(part);
  const [header, ...chunks] = parts;
  return { header: header?.value, bytes: Buffer.concat(chunks.map(({ value }) => value as Uint8Array)) };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("Expected a failure");
    },
    ({ reason, message, fields, metadata, retryAfterMs }: AppError) => ({
      reason,
      message,
      fields,
      metadata,
      retryAfterMs,
    }),
  );

/** One call of each direct rpc, and one that the worker refuses. `connect` takes the name of the service. */
type Connect = (service: string) => RpcConnection;
const effects = (connect: Connect) => connect("effects").client(EffectsServiceDefinition);
const upscale = (connect: Connect) => connect("upscale").client(UpscaleServiceDefinition);
const background = (connect: Connect) => connect("background").client(BackgroundServiceDefinition);
const matte = { model: "pixelmesh-matte" };

/** Leaves out what a second, cached preview tells of itself. */
const toPixels = ({ cached: _cached, memoryBytes: _memory, ...preview }: PreviewEffectsResponse) => preview;

const calls: Readonly<Record<string, (connect: Connect) => Promise<unknown>>> = {
  "EffectsService/ApplyEffects": (to) => collect(effects(to).applyEffects(upload({ operation, encoding: png }))),
  "EffectsService/PreviewEffects": async (to) =>
    toPixels(await effects(to).previewEffects({ picture: robot, operation, encoding: png })),
  "EffectsService/PreviewPicture": async (to) =>
    toPixels(await effects(to).previewPicture(upload({ operation, encoding: png }))),
  "EffectsService/ListEffects": (to) => effects(to).listEffects({}),
  "UpscaleService/UpscaleImage": (to) =>
    collect(upscale(to).upscaleImage(upload({ operation: { scale: 2, model: "pixelmesh-sr-x2" }, encoding: png }))),
  "UpscaleService/ListModels": (to) => upscale(to).listModels({ task: "" }),
  "UpscaleService/LoadModel": async (to) => (await upscale(to).loadModel({ name: "pixelmesh-sr-x4" })).model?.loaded,
  "UpscaleService/UnloadModel": async (to) => {
    await upscale(to).loadModel({ name: "pixelmesh-sr-x4" });
    return (await upscale(to).unloadModel({ name: "pixelmesh-sr-x4" })).wasLoaded;
  },
  "BackgroundService/RemoveBackground": (to) =>
    collect(background(to).removeBackground(upload({ operation: matte, replace: undefined, encoding: png }))),
  "BackgroundService/ListModels": (to) => background(to).listModels({ task: "" }),
  "BackgroundService/LoadModel": async (to) => (await background(to).loadModel({ name: matte.model })).model?.loaded,
  "BackgroundService/UnloadModel": async (to) => {
    await background(to).loadModel({ name: matte.model });
    return (await background(to).unloadModel({ name: matte.model })).wasLoaded;
  },
};

const refused: Readonly<Record<string, (connect: Connect) => Promise<unknown>>> = {
  "an unknown effect": (to) =>
    collect(effects(to).applyEffects(upload({ operation: { effects: [{ name: "nope", parameters: {} }] } }))),
  "a preview that is too small": (to) => effects(to).previewEffects({ picture: robot, operation, maxSidePx: 5 }),
  "a wrong scale": (to) => collect(upscale(to).upscaleImage(upload({ operation: { scale: 7, model: "" } }))),
  "a result that is too large": (to) =>
    collect(upscale(to).upscaleImage(upload({ operation: { scale: 4, model: "" }, maxOutputPixels: 1_000 }))),
  "an unknown model": (to) => background(to).loadModel({ name: "nope" }),
  "a file that is no picture": (to) =>
    collect(background(to).removeBackground(upload({ operation: matte }, Buffer.from("not a picture")))),
  "a stream without a header": (to) =>
    collect(
      effects(to).applyEffects(
        (async function* () {
          yield { part: { $case: "chunk" as const, value: robot } };
        })(),
      ),
    ),
};

describe("direct calls through ingest", () => {
  let mesh: TestMesh;
  const connections: { close(): void }[] = [];
  beforeAll(async () => {
    mesh = await startTestMesh({ env: collectable });
  });
  afterAll(async () => {
    for (const connection of connections) connection.close();
    await mesh?.[Symbol.asyncDispose]();
  });

  const addressOf = (name: string) => mesh.processes().find((process) => process.name === name)?.grpc ?? "";
  function connect(name: string): RpcConnection {
    const connection = connectRpc(addressOf(name), { timeoutMs: 60_000 });
    connections.push(connection);
    return connection;
  }
  const atIngest: Connect = () => connect("ingest");

  test("every rpc of these services is in this test", () => {
    const services: GeneratedService[] = [
      EffectsServiceDefinition,
      UpscaleServiceDefinition,
      BackgroundServiceDefinition,
    ];
    const names = services.flatMap(({ name, methods }) =>
      Object.values(methods).map((method) => `${name}/${method.name}`),
    );
    expect(Object.keys(calls).sort()).toEqual(names.sort());
  });

  test.each(Object.keys(calls))("%s answers at ingest as the worker does", async (name) => {
    const call = calls[name] as (connect: Connect) => Promise<unknown>;
    const direct = await call(connect);
    expect(await call(atIngest)).toEqual(direct);
  });

  test.each(Object.keys(refused))("%s is refused at ingest with the worker's error", async (name) => {
    const call = refused[name] as (connect: Connect) => Promise<unknown>;
    const direct = await failure(call(connect));
    expect(direct.reason).not.toBe("INTERNAL");
    expect(await failure(call(atIngest))).toEqual(direct);
  });

  /** A chain that takes seconds on a picture of many megapixels. It stops between rows when it is cancelled. */
  const slowChain = {
    operation: { effects: Array.from({ length: 15 }, () => ({ name: "pop_art", parameters: {} })) },
    encoding: png,
  };
  const busy = async () => (await mesh.client.cluster()).slots.map(({ service }) => service);

  test("progress passes while the worker runs", async () => {
    const seen: number[] = [];
    for await (const { part } of effects(atIngest).applyEffects(upload(slowChain, await slowPicture(1_500))))
      if (part?.$case === "progress") seen.push(part.value);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen[0]).toBeLessThan(0.5);
    expect(seen.at(-1)).toBeGreaterThan(0.9);
  });

  test("a call is one trace in ingest and in the worker", async () => {
    await effects(atIngest).listEffects({});
    const line = /"traceId":"(\w+)"[^\n]*EffectsService\/ListEffects/g;
    const traceOf = (name: "ingest" | "effects") => [...mesh.logs(name).matchAll(line)].at(-1)?.[1];
    await expect.poll(() => traceOf("effects")).toMatch(/^[0-9a-f]{32}$/);
    await expect.poll(() => traceOf("ingest")).toBe(traceOf("effects"));
  });

  test("a cancelled call frees the worker", async () => {
    const stop = new AbortController();
    const request = upload(slowChain, await slowPicture(), 256 * 1024);
    const running = failure(collect(effects(atIngest).applyEffects(request, { signal: stop.signal })));
    await expect.poll(busy, { interval: 20, timeout: 30_000 }).toContain("effects");
    stop.abort();
    await running;
    await expect.poll(busy, { interval: 20, timeout: 10_000 }).not.toContain("effects");
    await expect
      .poll(() => mesh.logs("effects"))
      .toMatch(/"method":"pixelmesh.effects.v1.EffectsService\/ApplyEffects","status":"CANCELLED"/);
  });

  test("the deadline of the caller reaches the worker", async () => {
    const request = upload(slowChain, await slowPicture(), 256 * 1024);
    const running = collect(effects(atIngest).applyEffects(request, { timeoutMs: 1_000 }));
    expect(await failure(running)).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    await expect.poll(busy, { interval: 20, timeout: 10_000 }).not.toContain("effects");
    await expect.poll(() => mesh.logs("effects")).toMatch(/ApplyEffects","status":"DEADLINE_EXCEEDED"/);
  });

  test("readers that stop reading do not grow the memory of ingest", async () => {
    // Noise, so that no encoder makes it small: each result has 9 MB or more.
    const side = 3_000;
    const data = new Uint8Array(side * side * 3);
    let state = 1;
    for (let at = 0; at < data.length; at += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      data[at] = state >>> 24;
    }
    const frame = { data, widthPx: side, heightPx: side, channels: 3 as const };
    const { bytes } = await encodeFrame(
      frame,
      Encoding.create({ format: ImageFormat.JPEG, quality: 90 }),
      defaultLimits,
    );
    const { applyEffects } = EffectsServiceDefinition.methods;
    async function* encoded() {
      for await (const request of upload({ operation, encoding: png }, bytes, 256 * 1024))
        yield applyEffects.requestType.encode(applyEffects.requestType.fromPartial(request)).finish();
    }
    await collect(effects(atIngest).applyEffects(upload({ operation, encoding: png }, bytes, 256 * 1024)));
    const before = (await readMemory(mesh)).get("ingest")?.kept ?? 0;
    // Small windows, so that what is not read stays in the mesh.
    const reader = connectRaw(addressOf("ingest"), { streamWindowBytes: 64 * 1024 });
    connections.push(reader);
    const { signal } = new AbortController();
    const path = `/${EffectsServiceDefinition.fullName}/ApplyEffects`;
    const streams = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const stream = reader.call({ path, requests: encoded(), signal, timeoutMs: 120_000, service: "ingest" });
        for (;;) {
          const { value } = await stream.next();
          if (!value) throw new Error("The call ended before its result");
          const { part } = applyEffects.responseType.decode(value);
          if (part?.$case === "chunk") return stream;
        }
      }),
    );
    const during = (await readMemory(mesh)).get("ingest")?.kept ?? 0;
    // 6 calls of at most 1.25 MiB each, and as much again for what the collector has not seen.
    expect(during - before).toBeLessThan(15);
    const rest = await Promise.all(streams.map((stream) => Array.fromAsync(stream)));
    const sizes = rest.map((chunks) => chunks.reduce((sum, { length }) => sum + length, 0));
    expect(Math.min(...sizes)).toBeGreaterThan(8_000_000);
  });
});

test("direct calls need a token, and a service without a worker is named", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-tokens-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const [token, operator] = ["token-of-a-caller-0123456789", "token-of-an-operator-0123456789"];
  writeFileSync(join(dir, "tokens"), `${token}\n`);
  writeFileSync(join(dir, "operators"), `${operator}\n`);
  await using mesh = await startTestMesh({
    services: ["ingest", "scheduler", "storage"],
    env: {
      PIXELMESH_API_TOKENS_FILE: join(dir, "tokens"),
      PIXELMESH_OPERATOR_TOKENS_FILE: join(dir, "operators"),
    },
  });
  function clientWith(given: string | undefined) {
    const connection = connectRpc(mesh.address, { ...(given ? { token: () => given } : {}) });
    onTestFinished(() => connection.close());
    return connection;
  }
  for (const wrong of [undefined, "token-of-another-mesh-01234"]) {
    const to: Connect = () => clientWith(wrong);
    for (const call of Object.values(calls))
      expect(await failure(call(to))).toMatchObject({ reason: "UNAUTHENTICATED" });
  }
  const upload1 = upload({ operation: { scale: 4, model: "" } });
  const away = await failure(collect(upscale(() => clientWith(token)).upscaleImage(upload1)));
  expect(away).toMatchObject({ reason: "SERVICE_UNAVAILABLE", metadata: { service: "upscale" }, retryAfterMs: 1_000 });
  expect(away.message).toContain("upscale");
  expect(await failure(effects(() => clientWith(token)).listEffects({}))).toMatchObject({
    reason: "SERVICE_UNAVAILABLE",
    metadata: { service: "effects" },
  });
  // Models take memory that all tenants share.
  const load = (given: string) => failure(upscale(() => clientWith(given)).loadModel({ name: "pixelmesh-sr-x4" }));
  expect(await load(token)).toMatchObject({ reason: "UNAUTHENTICATED" });
  expect(await load(operator)).toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
});
