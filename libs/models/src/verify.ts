import { toAppError } from "@pixelmesh/errors";
import { type InferenceHost, loadRegistry, type ModelStatus } from "@pixelmesh/inference";
import { isPinned } from "./pull.ts";

/** The outcome of checking one model. */
export type ModelCheck = {
  readonly name: string;
  /** `unpinned`: the file matches its entry, but the manifest has no sha256 of it. */
  readonly state: "ok" | "unpinned" | "missing" | "refused";
  readonly path: string | null;
  readonly sha256: string | null;
  /** Why it cannot be used, for people. */
  readonly why: string;
};

/** Options of `verifyModels`. */
export type VerifyOptions = {
  readonly dirs: readonly string[];
  /** Empty for all. */
  readonly names: readonly string[];
  /** Host that loads each available model and runs a probe tile through it. Without it, files are only read. */
  readonly host?: Pick<InferenceHost, "load" | "unload">;
  readonly signal: AbortSignal;
};

/** Reads the files of models again and compares each with its entry. Rejects with UNKNOWN_MODEL for an unknown name. */
export async function verifyModels({ dirs, names, host, signal }: VerifyOptions): Promise<readonly ModelCheck[]> {
  const registry = await loadRegistry({ dirs });
  const chosen = names.length > 0 ? names.map((name) => registry.status(name)) : registry.list();
  const checks: ModelCheck[] = [];
  for (const status of chosen) {
    signal.throwIfAborted();
    checks.push(await check(status, host, signal));
  }
  return checks;
}

async function check(
  { entry, available, refused, unavailableReason }: ModelStatus,
  host: VerifyOptions["host"],
  signal: AbortSignal,
): Promise<ModelCheck> {
  const { name } = entry;
  if (available === null) {
    return { name, state: refused ? "refused" : "missing", path: null, sha256: null, why: unavailableReason };
  }
  const facts = { name, path: available.path, sha256: available.digest };
  try {
    await host?.load(available, { signal });
    await host?.unload(name);
  } catch (error) {
    signal.throwIfAborted();
    return { ...facts, state: "refused", why: toAppError(error).message };
  }
  return { ...facts, state: isPinned(entry, available.digest) ? "ok" : "unpinned", why: "" };
}
