import { unlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createModelsDir, identity, noise, selfDivided, smallUpscaler, startTestHost } from "@pixelmesh/testing/models";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { HostEvent } from "../src/index.ts";

const pidOf = async (host: Awaited<ReturnType<typeof startTestHost>>["host"]) => (await host.describe()).pid!;
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("an inference host", () => {
  test("returns the same pixels as the session itself", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("small", smallUpscaler(), { scale: 2 });
    const tile = noise(37, 23);

    const session = await InferenceSession.create(model.path);
    const pixels = 37 * 23;
    const planes = Float32Array.from(
      { length: pixels * 3 },
      (_, i) => tile.data[(i % pixels) * 3 + Math.floor(i / pixels)]! / 255,
    );
    const { y } = await session.run({ x: new Tensor("float32", planes, [1, 3, 23, 37]) });
    const plain = Array.from({ length: pixels * 4 * 3 }, (_, i) => {
      const sample = (y!.data as Float32Array)[(i % 3) * pixels * 4 + Math.floor(i / 3)]!;
      return Math.floor(Math.min(1, Math.max(0, sample)) * 255 + 0.5);
    });

    const result = await started.host.runTile(model, tile);
    expect(result).toMatchObject({ widthPx: 74, heightPx: 46, channels: 3 });
    const worst = result.data.reduce((most, sample, i) => Math.max(most, Math.abs(sample - plain[i]!)), 0);
    expect(worst).toBe(0);
  });

  test("describes its loaded models", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("one", identity);
    expect(await started.host.describe()).toMatchObject({ hostId: "test", provider: "cpu", busy: false, models: [] });
    const report = await started.host.load(model, { pin: true });
    expect(report).toMatchObject({ wasLoaded: false, provider: "cpu" });
    expect(report.memoryAfterBytes).toBeGreaterThan(10 * 2 ** 20);
    expect((await started.host.load(model)).wasLoaded).toBe(true);
    const described = await started.host.describe();
    expect(described.models).toMatchObject([{ name: "one", digest: model.digest, pinned: true, provider: "cpu" }]);
    expect(described.usedBytes).toBeGreaterThan(10 * 2 ** 20);
  });

  test("loads a model once for concurrent calls, and releases all memory with the last model", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("one", identity);
    const tile = noise(8, 8);
    await Promise.all(Array.from({ length: 5 }, () => started.host.runTile(model, tile)));
    expect((await started.host.describe()).models).toHaveLength(1);
    const pid = await pidOf(started.host);
    expect(await started.host.unload("one")).toMatchObject({ wasLoaded: true, memoryAfterBytes: 0 });
    expect(isAlive(pid)).toBe(false);
    expect(await started.host.unload("one")).toMatchObject({ wasLoaded: false });
    expect((await started.host.runTile(model, tile)).data).toEqual(Buffer.from(tile.data));
  });

  test("returns grey for grey", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const tile = noise(9, 7, 1);
    const result = await started.host.runTile(models.write("one", identity), tile);
    expect(result.channels).toBe(1);
    expect(Buffer.compare(result.data, tile.data)).toBe(0);
  });

  test("refuses outputs with NaN, and one flat colour for a tile that is not flat", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("divided", selfDivided);
    const tile = { widthPx: 4, heightPx: 4, channels: 3 as const };
    const invalid = { reason: "RESULT_INVALID" };
    const withZero = Uint8Array.from({ length: 48 }, (_, i) => i * 5);
    await expect(started.host.runTile(model, { ...tile, data: withZero })).rejects.toMatchObject(invalid);
    const varied = withZero.map((sample) => sample + 1);
    await expect(started.host.runTile(model, { ...tile, data: varied })).rejects.toMatchObject(invalid);
    const flat = new Uint8Array(48).fill(77);
    expect((await started.host.runTile(model, { ...tile, data: flat })).data[0]).toBe(255);
  });

  test("stays usable after a file that is no model or does not match its entry", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const good = models.write("good", identity);
    const tile = noise(8, 8);
    const bad = [
      models.write("random", noise(40, 40).data),
      models.write(
        "pickle",
        Buffer.concat([Buffer.from("80049500", "hex"), Buffer.from("cposix\nsystem\n(S'id'\ntR.")]),
      ),
      models.write("empty", new Uint8Array(0)),
      models.write("scale", identity, { scale: 2 }),
      models.write("names", identity, { input: { ...good.input, name: "image" } }),
      models.write("fixed", identity, {
        input: { ...good.input, fixedSizePx: { widthPx: 8, heightPx: 8 } },
        task: "matte",
      }),
      models.write("rank", { ...identity, inputs: [{ name: "x", shape: ["n", 3, "w"] }] }),
      models.write("open", { ...identity, inputs: [{ name: "x", shape: null }] }),
      models.write("type", { ...identity, inputs: [{ name: "x", shape: [1, 3, "h", "w"], elementType: 7 }] }),
    ];
    for (const model of bad) {
      const attempt = started.host.load(model);
      await expect(attempt, model.name).rejects.toMatchObject({ reason: "MODEL_INVALID" });
      expect((await started.host.runTile(good, tile)).data).toHaveLength(192);
    }
  });

  test("never loads a file that replaced the checked one", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("one", identity);
    models.write("one", smallUpscaler());
    await expect(started.host.load(model)).rejects.toMatchObject({ reason: "MODEL_INVALID" });
    unlinkSync(model.path);
    await expect(started.host.load(model)).rejects.toMatchObject({ reason: "MODEL_UNAVAILABLE" });
  });

  test("survives a model that needs more memory than there is", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const tile = noise(8, 8);
    const side = BigInt64Array.from([1n, 3n, 1n << 21n, 1n << 21n]);
    const huge = models.write("huge", {
      ...identity,
      constants: [{ name: "s", dims: [4], data: side }],
      nodes: [
        { operator: "ConstantOfShape", inputs: ["s"], outputs: ["c"] },
        { operator: "Add", inputs: ["x", "c"], outputs: ["y"] },
      ],
    });
    await expect(started.host.load(huge)).rejects.toMatchObject({
      reason: expect.stringMatching(/^(OUT_OF_MEMORY|MODEL_INVALID|INFERENCE_FAILED)$/),
    });
    expect((await started.host.runTile(models.write("good", identity), tile)).data).toHaveLength(192);
  });

  test("refuses pixels that the model cannot take", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("one", identity, { sizeMultiple: 4 });
    const refused = { reason: "INVALID_ARGUMENT" };
    await expect(started.host.runTile(model, noise(6, 8))).rejects.toMatchObject(refused);
    await expect(started.host.runTile(model, { ...noise(8, 8), heightPx: 12 })).rejects.toMatchObject(refused);
    await expect(started.host.runMatte(model, noise(8, 8))).rejects.toMatchObject(refused);
  });

  test("falls back to the CPU only if the list names it", async () => {
    const ends: HostEvent[] = [];
    const observe = (event: HostEvent) => void ends.push(event);
    await expect(startTestHost({ providers: ["cuda"], observe })).rejects.toMatchObject({
      reason: "INFERENCE_FAILED",
      message: "No execution provider could be proven; tried: cuda",
    });
    expect(ends).toEqual([{ type: "ended", reason: "not_proven" }]);
    await using started = await startTestHost({ providers: ["tensorrt", "cuda", "cpu"] });
    expect(started.host.provider).toBe("cpu");
    const warning = started.log.lines.find(({ level }) => level === "warn");
    expect(warning?.facts).toMatchObject({ refused: [{ provider: "tensorrt" }, { provider: "cuda" }] });
  });

  test("refuses thread counts below one", async () => {
    const threads = { intraOp: 0, interOp: 1 };
    await expect(startTestHost({ threads })).rejects.toThrow(
      "Expected `threads.intraOp` to be a positive integer, got `0`",
    );
  });
});

describe("a grant", () => {
  test("is enforced by the host: it runs no tile without a grant or after it has expired", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("one", identity);
    const tile = noise(8, 8);
    const { host } = started;
    const expired = { reason: "GRANT_EXPIRED" };
    await host.load(model);
    await expect(host.runTile(model, tile, { slotId: "s1" })).rejects.toMatchObject(expired);
    host.renewGrant("s1", 300);
    await host.runTile(model, tile, { slotId: "s1" });
    await sleep(320);
    await expect(host.runTile(model, tile, { slotId: "s1" })).rejects.toMatchObject(expired);
    host.renewGrant("s1", 10_000);
    await host.runTile(model, tile, { slotId: "s1" });
    host.endGrant("s1");
    await expect(host.runTile(model, tile, { slotId: "s1" })).rejects.toMatchObject(expired);
    await host.runTile(model, tile);
  });

  test("is sent again to the next process", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("one", identity);
    started.host.renewGrant("s1", 60_000);
    await started.host.runTile(model, noise(8, 8), { slotId: "s1" });
    process.kill(await pidOf(started.host), "SIGKILL");
    await sleep(50);
    await started.host.runTile(model, noise(8, 8), { slotId: "s1" });
  });
});
