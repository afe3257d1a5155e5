/** A prediction as Replicate's API has it; only the members that are used. */
export type ReplicatePrediction = {
  readonly id: string;
  readonly status: string;
  readonly model?: unknown;
  readonly version?: unknown;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
  readonly logs?: unknown;
  readonly created_at?: unknown;
  readonly data_removed?: unknown;
  readonly metrics?: { readonly predict_time?: unknown };
  readonly urls?: { readonly stream?: unknown };
};

/** Whether a value is a prediction: an object with an id and a status. */
export function isPrediction(value: unknown): value is ReplicatePrediction {
  if (typeof value !== "object" || value === null) return false;
  const { id, status } = value as Readonly<Record<string, unknown>>;
  return typeof id === "string" && /^[\x21-\x7e]{1,256}$/.test(id) && typeof status === "string";
}
