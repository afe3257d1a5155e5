import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobRoles } from "@pixelmesh/roles";
import { startTestMesh, type TestMesh, type TestMeshOptions } from "@pixelmesh/testing";
import { step } from "@pixelmesh/testing/jobs";
import type { FakeProviderOptions } from "./fake-provider/behaviour.ts";
import { type FakeProvider, startFakeProvider } from "./fake-provider/start-fake-provider.ts";

/** A mesh with the remote service and a fake provider, each in processes of their own. */
export type RemoteMesh = AsyncDisposable & { readonly mesh: TestMesh; readonly provider: FakeProvider };

const token = "fake-provider-token";
/** The models of the manifest: name and class. */
const classes = { "quick-1": "light", "slow-1": "heavy", "own-1": "exclusive" } as const;

/** Options of `startRemoteMesh`. */
export type RemoteMeshOptions = Pick<TestMeshOptions, "env" | "mains" | "services"> & {
  readonly behaviours?: FakeProviderOptions["behaviours"];
  /** The provider has predictions to wait for, as Replicate (default), or answers at once. */
  readonly kind?: "predictions" | "sync";
};

/** Starts both. The models `quick-1`, `slow-1` and `own-1` are of the classes light, heavy and exclusive. */
export async function startRemoteMesh({
  env = {},
  mains = {},
  behaviours = {},
  kind = "predictions",
  services = [...jobRoles, "remote"],
}: RemoteMeshOptions = {}): Promise<RemoteMesh> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-remote-"));
  const provider = await startFakeProvider({ token, classes, behaviours });
  try {
    await writeFile(join(dir, "token"), token);
    await writeFile(join(dir, "manifest.json"), JSON.stringify(toManifest(provider, kind)));
    const mesh = await startTestMesh({
      services,
      env: { PIXELMESH_REMOTE_MANIFEST: join(dir, "manifest.json"), PIXELMESH_NATS_ACK_WAIT: "2s", ...env },
      mains,
    });
    return {
      mesh,
      provider,
      async [Symbol.asyncDispose]() {
        await mesh[Symbol.asyncDispose]();
        await provider.close();
        await rm(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await provider.close();
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

function toManifest({ url, host, filesHost }: FakeProvider, kind: "predictions" | "sync") {
  const isSync = kind === "sync";
  return {
    version: 1,
    currency: "USD",
    providers: [
      {
        name: "fake",
        kind: isSync ? "http" : "replicate",
        baseUrl: isSync ? `${url}/generic` : `${url}/v1`,
        tokenFile: "token",
        resultHosts: [filesHost],
        privateHosts: [host, filesHost],
      },
    ],
    models: Object.entries(classes).map(([name, workClass]) => ({
      name,
      provider: "fake",
      version: name,
      class: workClass,
      timeout: "60s",
      price: { perCall: 0.01 },
      capabilities: [],
      parameters: [{ name: "seed", type: "integer", minimum: 0, maximum: 1_000_000, default: 0 }],
      picture: { format: "png", maxSidePx: 256 },
      input: { ...(isSync ? { model: name } : {}), image: "{{picture}}", seed: "{{parameters.seed}}" },
      ...(isSync ? { http: { createPath: "/sync", outputPointer: "/picture" } } : {}),
    })),
  };
}

let seeds = 0;

/** A pipeline of one call. Each has another seed, so that no stored result matches. */
export function remotePipeline(model: keyof typeof classes) {
  seeds += 1;
  const seed = { kind: { $case: "number" as const, value: seeds } };
  return { steps: [step("call", { $case: "remoteModel", value: { model, parameters: { seed }, result: 0 } })] };
}
