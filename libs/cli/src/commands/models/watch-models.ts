import { basename, delimiter, resolve } from "node:path";
import type { Env } from "@pixelmesh/config";
import type { Mesh } from "@pixelmesh/local-mesh";
import type { ModelFingerprints } from "@pixelmesh/models";

/** The service that runs the models for a task. */
const roleOf = { upscale: "upscale", matte: "background" } as const;
const tasks = ["upscale", "matte"] as const;

/** What the watch needs. */
export type WatchModelsOptions = {
  /** The mesh, when it has started. Changes before that count then. */
  readonly mesh: Promise<Pick<Mesh, "restart">>;
  /** The environment with the models directories of the mesh. */
  readonly env: Env;
  /** Receives one line where a change cannot be used, or a directory not watched. */
  readonly say: (line: string) => void;
};

/**
 * Restarts the service of a task when a model for it appears or changes: services read models when they start. Called when the mesh begins
 * to start, so that no change is missed. An invalid manifest restarts nothing. Resolves to a function that ends the watch; never rejects.
 */
export async function watchModels({ mesh, env, say }: WatchModelsOptions): Promise<() => void> {
  const startedMs = Date.now();
  let known: ModelFingerprints | undefined;
  let last = Promise.resolve();

  async function check(dirs: readonly string[], hasNewManifest: boolean): Promise<void> {
    const running = await mesh;
    try {
      // Loaded at the first change, because it would take memory in every mesh at rest.
      const { readFingerprints } = await import("@pixelmesh/models");
      const now = await readFingerprints(dirs);
      // What a manifest said before is not known at the first change.
      known ??= hasNewManifest ? { upscale: "", matte: "" } : await readFingerprints(dirs, startedMs);
      for (const task of tasks) if (now[task] !== known[task]) running.restart(roleOf[task], "its models changed");
      known = now;
    } catch (error) {
      say(`models changed and are not used yet: ${error instanceof Error ? error.message : error}`);
    }
  }

  try {
    const { withBundledModels } = await import("@pixelmesh/inference");
    const { watchFiles } = await import("@pixelmesh/local-mesh");
    const named = (env.PIXELMESH_MODELS_DIR ?? "").split(delimiter).filter((dir) => dir !== "");
    const dirs = withBundledModels(named.map((dir) => resolve(dir)));
    return watchFiles(
      new Map([["models", dirs]]),
      (file) => file.endsWith(".onnx") || isManifest(file),
      ({ paths }) => {
        // One check at a time.
        last = last.then(() => check(dirs, paths.some(isManifest)));
      },
      say,
    );
  } catch (error) {
    say(`new models need a restart of the mesh: ${error instanceof Error ? error.message : error}`);
    return () => {};
  }
}

function isManifest(path: string): boolean {
  return basename(path) === "manifest.json";
}
