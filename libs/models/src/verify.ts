import { toAppError } from "@pixelmesh/errors";
import { type InferenceHost, loadRegistry, type ModelStatus } from "@pixelmesh/inference";

/** What became of a check. */
export type Verdict = {
  readonly name: string;
  /** `unpinned`: a model of the right form, of which nobody has said what its sha256 should be. */
  readonly state: "ok" | "unpinned" | "missing" | "refused";
  readonly path: string | null;
  readonly sha256: string | null;
  /** Why it cannot be used, for people. */
  readonly why: string;
};

/** What `verifyModels` needs. */
export type VerifyOptions = {
  readonly dirs: readonly string[];
  /** Empty for all. */
  readonly names: readonly string[];
  /** Loads each model that is here and runs a probe tile through it. Without it files are read only. */
  readonly host?: Pick<InferenceHost, "load" | "unload">;
  readonly signal: AbortSignal;
};

/** Reads the files of models anew and compares each with its entry. UNKNOWN_MODEL for a name that no manifest has. */
export async function verifyModels({ dirs, names, host, signal }: VerifyOptions): Promise<readonly Verdict[]> {
  const registry = await loadRegistry({ dirs });
  const chosen = names.length > 0 ? names.map((name) => registry.status(name)) : registry.list();
  const verdicts: Verdict[] = [];
  for (const status of chosen) {
    signal.throwIfAborted();
    verdicts.push(await judge(status, host, signal));
  }
  return verdicts;
}

async function judge(
  { entry, available, refused, unavailableReason }: ModelStatus,
  host: VerifyOptions["host"],
  signal: AbortSignal,
): Promise<Verdict> {
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
  return { ...facts, state: entry.sha256 === null ? "unpinned" : "ok", why: "" };
}
