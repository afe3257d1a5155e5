import type { Model } from "@pixelmesh/client";

/** The models to evaluate, and the absent ones with the reason. */
export type Choice = {
  readonly chosen: readonly Model[];
  readonly absent: readonly { readonly name: string; readonly why: string }[];
};

/** Third-party models to compare with, if they are available. */
const baselines = new Set(["FSRCNN_x2", "FSRCNN_x4", "u2netp"]);

/**
 * Chooses the models of a mesh to evaluate: the named ones with the baselines of the same task and scale, or all available ones
 * if none is named. Sorted by task, scale and name. Throws RangeError for a name that the registry does not know.
 */
export function chooseModels(models: readonly Model[], wanted: readonly string[]): Choice {
  const unknown = wanted.filter((name) => models.every((model) => model.name !== name));
  if (unknown.length > 0) {
    const known = models.map(({ name }) => name).join(", ");
    throw new RangeError(
      `Expected MODELS to name models of the registry, got ${unknown.join(", ")}; known are ${known}`,
    );
  }
  const named = models.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const isBaseline = ({ name, task, scale }: Model) =>
    baselines.has(name) && named.some((other) => other.available && other.task === task && other.scale === scale);
  const chosen = models.filter((model) => model.available && (named.includes(model) || isBaseline(model)));
  return {
    chosen: chosen.toSorted((a, b) => order(a).localeCompare(order(b))),
    absent: named.filter(({ available }) => !available).map((it) => ({ name: it.name, why: it.unavailableReason })),
  };
}

function order({ task, scale, name }: Model): string {
  return `${task === "upscale" ? 0 : 1} ${scale} ${name}`;
}
