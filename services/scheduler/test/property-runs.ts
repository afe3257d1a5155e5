import fc from "fast-check";

const numRuns = Number(process.env.PIXELMESH_PROPERTY_RUNS ?? 500);

/** Time limit for one property. The slowest takes 50 ms a run on an idle machine. */
export const timeoutMs = 20_000 + 200 * numRuns;

/** Counterexamples that fast-check found before; they run first. */
const regressions: Readonly<Record<string, readonly { readonly seed: number; readonly path: string }[]>> = {
  // A new leader did not wait for the grants of its predecessor.
  "succession-bounds": [{ seed: -1966857962, path: "91" }],
  // The time of an unread grant was counted from its receipt.
  "succession-epochs": [{ seed: -1199657588, path: "144" }],
};

/** Runs a property's old counterexamples, then 500 random runs in `make test`, 10,000 in `make test-deep`. */
export function assertAlways<T>(name: string, property: fc.IProperty<T>): void {
  for (const found of regressions[name] ?? []) fc.assert(property, { ...found, numRuns: 1 });
  fc.assert(property, { numRuns });
}
