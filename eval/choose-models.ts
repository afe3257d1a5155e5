import type { Model } from "@pixelmesh/client";

/** What is evaluated, and what was left out and why. */
export type Choice = {
  readonly chosen: readonly Model[];
  readonly absent: readonly { readonly name: string; readonly why: string }[];
};

/** Models of others that ours are measured against, wherever they are at hand. */
const baselines = new Set(["FSRCNN_x2", "FSRCNN_x4", "u2netp"]);

/**
 * The models of a mesh to evaluate: those named, with the baselines of the same task and scale; all that are here where none
 * is named. By task, scale and name. Throws RangeError for a name that the registry does not know.
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
