import { type LargerModel, LowConfidence, type Model, type RemoveBackgroundOperation } from "@pixelmesh/proto";

/** The facts of a model by which larger ones are chosen. */
export type SizedModel = Pick<Model, "name" | "digest" | "sizeBytes" | "available">;

/** What a cut-out does about its confidence. */
export type ConfidenceRule = {
  /** The least confidence that will do, above 0 to 1. */
  readonly least: number;
  /** Whether larger models are tried below it; otherwise the step fails. */
  readonly retries: boolean;
};

/** Most models that one cut-out tries after its own. */
export const MAX_LARGER_MODELS = 4;

/** The rule of a cut-out; undefined where any confidence will do. */
export function confidenceRule({
  minConfidence = 0,
  onLowConfidence,
}: Pick<RemoveBackgroundOperation, "minConfidence" | "onLowConfidence">): ConfidenceRule | undefined {
  if (minConfidence <= 0) return undefined;
  return { least: minConfidence, retries: onLowConfidence !== LowConfidence.FAIL };
}

/**
 * The available models whose files have more bytes than that of `chosen`, smallest first, at most MAX_LARGER_MODELS. The size of the file is
 * the one that every catalogue knows; it grows with the parameters. Models of equal size are ordered by name. A file with two names counts once.
 */
export function largerModels(chosen: SizedModel, models: readonly SizedModel[]): LargerModel[] {
  const larger = models
    .filter(({ available, sizeBytes }) => available && sizeBytes > chosen.sizeBytes)
    .sort((a, b) => a.sizeBytes - b.sizeBytes || (a.name < b.name ? -1 : 1));
  const byDigest = new Map<string, LargerModel>();
  for (const { name, digest } of larger) if (!byDigest.has(digest)) byDigest.set(digest, { name, digest });
  return [...byDigest.values()].slice(0, MAX_LARGER_MODELS);
}
