import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { JobState } from "@pixelmesh/client";
import { roleNames } from "@pixelmesh/roles";
import type { TestMesh } from "@pixelmesh/testing";
import { effectStep, robot, step } from "@pixelmesh/testing/jobs";
import { startHttpReceiver } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { startRemoteMesh } from "../../services/remote/test/start-remote-mesh.ts";

/** A mesh of every role with work of every kind. */
export type BusyMesh = AsyncDisposable & {
  readonly mesh: TestMesh;
  /** Addresses of the metrics pages, as `host:port`. */
  readonly targets: readonly string[];
  /** Runs every kind of work once: each operation, equal steps, a batch, a callback, a preview, requests by HTTP. Rejects if any fails. */
  workOnce(): Promise<void>;
};

/** Starts the mesh, with a receiver of callbacks. */
export async function startBusyMesh(): Promise<BusyMesh> {
  const dir = mkdtempSync(`${tmpdir()}/pixelmesh-busy-`);
  const secretsFile = `${dir}/secrets`;
  writeFileSync(secretsFile, `whsec_${Buffer.from("a".repeat(32)).toString("base64")}\n`);
  const receiver = await startHttpReceiver((_, response) => response.end());
  const remote = await startRemoteMesh({
    services: roleNames,
    env: {
      PIXELMESH_INGEST_CALLBACK_PRIVATE_HOSTS: receiver.host,
      PIXELMESH_INGEST_CALLBACK_HTTP: "true",
      PIXELMESH_INGEST_CALLBACK_SECRETS_FILE: secretsFile,
    },
  });
  const { mesh } = remote;
  const { client } = mesh;
  const gateway = `http://${mesh.processes().find(({ name }) => name === "gateway")?.grpc}`;
  const small = await sharp(robot).resize(120).png().toBuffer();

  async function run(pipeline: object, more: object = {}): Promise<string> {
    const request = { pipeline, pictures: [{ bytes: small }], ...more };
    const { id } = await client.jobs.create(request as Parameters<typeof client.jobs.create>[0]);
    const job = await client.jobs.wait(id);
    if (job.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${job.error?.message}`);
    return id;
  }

  async function request(path: string): Promise<void> {
    const response = await fetch(`${gateway}${path}`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
  }

  return {
    mesh,
    targets: mesh.processes().map(({ metrics }) => new URL(metrics).host),
    async workOnce() {
      // A contrast that no earlier round had, so that there is work.
      const contrast = 1 + Math.random() / 4;
      const id = await run(everyOperation(contrast), { callbackUrl: receiver.url("/hook") });
      await run(everyOperation(contrast));
      await client.runBatch({ steps: [effectStep("fx", "invert")] }, [{ bytes: small, name: `batch-${contrast}` }]);
      const { effects } = effectOperation(contrast);
      await client.previewEffects({ source: small, effects });
      await request("/v1/jobs");
      await request(`/v1/jobs/${id}/outputs/fx`);
    },
    async [Symbol.asyncDispose]() {
      await remote[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const effectOperation = (contrast: number) => ({
  effects: [
    { name: "black_and_white", parameters: { contrast: { kind: { $case: "number" as const, value: contrast } } } },
  ],
});

const everyOperation = (contrast: number) => ({
  steps: [
    step("small", { $case: "prescale", value: { maxSidePx: 80, maxPixels: 0 } }),
    effectStep("fx", "black_and_white", { contrast }, "small"),
    step("larger", { $case: "upscale", value: { scale: 2, model: "" } } as Parameters<typeof step>[1], "fx"),
    step("cut", { $case: "removeBackground", value: { model: "" } } as Parameters<typeof step>[1], "fx"),
    step("green", { $case: "replaceBackground", value: { background: { $case: "color", value: "#00ff00" } } }, "cut"),
  ],
  outputs: ["fx", "larger", "green"].map((name) => ({ name, step: name })),
});
