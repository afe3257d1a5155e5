import { AppError, type EstimateCostResponse, type FeatureDescription } from "@pixelmesh/client";
import { toAmount } from "@pixelmesh/pipeline";
import { toDefault, toForm } from "./describe-effects.ts";
import { toTable } from "./text.ts";

type Step = FeatureDescription["steps"][number];

/** Formats features as a table. */
export function describeFeatures(features: readonly FeatureDescription[]): string {
  const rows = features.map((feature) => [
    feature.name,
    String(feature.version),
    feature.available ? toPlaces(feature.steps) : "not available",
    feature.parameters.map((parameter) => parameter.name).join(" "),
    feature.description,
  ]);
  return toTable([["FEATURE", "VERSION", "RUNS ON", "PARAMETERS", "WHAT IT DOES"], ...rows]);
}

/** Formats one feature with its parameters and its steps. */
export function describeFeature(feature: FeatureDescription): string {
  const { name, version, description, parameters, steps, available, unavailableReason } = feature;
  const rows = parameters.map((it) => [it.name, toForm(it), toDefault(it), it.description]);
  const stepRows = steps.map(({ id, operation, runsOn, model }) => [id, operation, runsOn, model]);
  return [
    `${name}@${version}: ${description}\n`,
    ...(available ? [] : [`Not available: ${unavailableReason}\n`]),
    toTable([["PARAMETER", "FORM", "DEFAULT", "WHAT IT DOES"], ...rows]),
    "\n",
    toTable([["STEP", "OPERATION", "RUNS ON", "MODEL"], ...stepRows]),
    `\nExample:\n  pixelmesh run photo.jpg --feature ${name}\n`,
  ].join("");
}

/** Returns the feature of a name. Throws UNKNOWN_FEATURE with the known ones. */
export function findFeature(features: readonly FeatureDescription[], name: string): FeatureDescription {
  const found = features.find((feature) => feature.name === name);
  if (found) return found;
  const known = features.map((feature) => feature.name);
  throw new AppError("UNKNOWN_FEATURE", `Unknown feature \`${name}\`; known: ${known.join(", ")}`, {
    metadata: { known: known.join(",") },
  });
}

/** Formats what `pictures` jobs would cost. */
export function describeEstimate(estimate: EstimateCostResponse, pictures: number): string {
  const { steps, totalMicros, currency, budgetLeftMicros } = estimate;
  if (steps.length === 0) return "Nothing leaves this mesh; no hosted model is used, so there is no cost.\n";
  const rows = steps.map(({ stepId, model, provider, micros }) => [stepId, model, provider, toMoney(micros, currency)]);
  const total = toMoney(totalMicros * pictures, currency);
  return [
    toTable([["STEP", "MODEL", "PROVIDER", "ESTIMATE"], ...rows]),
    `About ${total} for ${pictures === 1 ? "1 picture" : `${pictures} pictures`}; results that are cached cost nothing.\n`,
    budgetLeftMicros < 0 ? "" : `Left of today's budget (UTC): ${toMoney(budgetLeftMicros, currency)}.\n`,
  ].join("");
}

/** Formats an amount, such as `0.0125 USD`. */
export function toMoney(micros: number, currency: string): string {
  return `${toAmount(micros)}${currency === "" ? "" : ` ${currency}`}`;
}

function toPlaces(steps: readonly Step[]): string {
  return [...new Set(steps.map(({ runsOn }) => runsOn))].join(", ");
}
