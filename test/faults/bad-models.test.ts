import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JobState } from "@pixelmesh/client";
import { ErrorReason, ImageFormat, UpscaleServiceDefinition } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh } from "@pixelmesh/testing";
import { downloadFrame, robot, step } from "@pixelmesh/testing/jobs";
import { identity, smallUpscaler, toOnnxBytes, upscalerEntry } from "@pixelmesh/testing/models";
import { expect, test } from "vitest";

test("a mesh starts without broken models, logs why, and serves the others", async () => {
  const dir = mkdtempSync(join(tmpdir(), "bad-models-"));
  try {
    const files: Record<string, Uint8Array> = {
      pickle: Buffer.from("80027d71002858", "hex"),
      outside: toOnnxBytes({ ...identity, constants: [{ name: "w", dims: [4], data: { location: "/etc/passwd" } }] }),
      rank: toOnnxBytes({ ...identity, inputs: [{ name: "x", shape: null }] }),
      // Its graph is valid, but it does not enlarge: only a host finds that.
      lies: toOnnxBytes(identity),
      good: toOnnxBytes(smallUpscaler()),
    };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, `${name}.onnx`), bytes);
    const unknown = { sha256: null, sizeBytes: null };
    const models = [...Object.keys(files), "gone"].map((name) => upscalerEntry(name, unknown));
    writeFileSync(join(dir, "manifest.json"), JSON.stringify({ version: 1, models }));

    await using mesh = await startTestMesh({ modelsDirs: [dir] });
    const listed = await mesh.client.models();
    const reasonOf = (name: string) => listed.find((model) => model.name === name)?.unavailableReason;
    expect(reasonOf("pickle")).toContain("Python pickle");
    expect(reasonOf("outside")).toContain("/etc/passwd");
    expect(reasonOf("rank")).toContain("input rank");
    expect(reasonOf("gone")).toContain("in no models directory");
    expect(reasonOf("good")).toBe("");
    for (const name of ["pickle", "outside", "rank"]) {
      expect(mesh.logs("upscale")).toMatch(new RegExp(`"model":"${name}".*model is refused`));
    }

    const enlarge = async (model: string) => {
      const pipeline = {
        steps: [
          step("small", { $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } }),
          step("large", { $case: "upscale", value: { scale: 2, model } }),
        ],
        outputs: [{ name: "large", step: "large", encoding: { format: ImageFormat.PNG } }],
      };
      const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: robot }] });
      return mesh.client.jobs.wait(id);
    };
    for (const name of ["pickle", "outside", "rank", "gone"]) {
      await expect(enlarge(name), name).rejects.toMatchObject({ reason: "MODEL_UNAVAILABLE" });
    }
    expect((await enlarge("lies")).error?.reason).toBe(ErrorReason.MODEL_INVALID);
    const address = mesh.processes().find(({ name }) => name === "upscale")?.grpc ?? "";
    const connection = connectRpc(address, { timeoutMs: 30_000 });
    const upscale = connection.client(UpscaleServiceDefinition);
    for (const name of ["pickle", "outside", "rank", "lies"]) {
      await expect(upscale.loadModel({ name, pin: false }), name).rejects.toMatchObject({ reason: "MODEL_INVALID" });
    }
    connection.close();
    const job = await enlarge("good");
    expect(job.state).toBe(JobState.SUCCEEDED);
    expect(await downloadFrame(mesh.client, job, "large")).toMatchObject({ widthPx: 106, heightPx: 128 });
    expect(mesh.events().filter(({ kind }) => kind === "restarted")).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
