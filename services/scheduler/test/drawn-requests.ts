import fc from "fast-check";
import type { SlotRequest } from "../src/domain/admission/slot-request.ts";

export const deviceIds = ["d0", "d1"] as const;
export const instances = ["0", "1"] as const;
export const totalBytes = 1_000;
export const tokensTotal = 4;

/** Models: the estimate for a 512 px tile as a fraction of a device, and the true need as a fraction of the estimate. */
export const models = {
  "": { tiles: [0], estimate: 0, truth: 0 },
  small: { tiles: [512, 256], estimate: 0.15, truth: 0.95 },
  large: { tiles: [512, 256], estimate: 0.4, truth: 0.6 },
  exact: { tiles: [256], estimate: 0.5, truth: 1 },
} as const;

/** A drawn request. `sizeBytes` is used for work without a model; else the model gives the size. */
export type DrawnRequest = {
  readonly model: keyof typeof models;
  readonly sizeBytes: number;
  readonly workClass: SlotRequest["workClass"];
  readonly priority: SlotRequest["priority"];
  readonly instance: (typeof instances)[number];
  readonly devices: readonly string[];
  readonly tokens: number;
  readonly warm: boolean;
  /** Hosts of one thread that may run it instead; they are used for models on one device. */
  readonly narrowHosts: number;
};

/** Draws requests. */
export const drawnRequests: fc.Arbitrary<DrawnRequest> = fc.record({
  model: fc.constantFrom("", "", "small", "large", "exact"),
  sizeBytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 100, max: 700 })),
  workClass: fc.constantFrom("light", "light", "light", "light", "heavy", "heavy", "heavy", "exclusive"),
  priority: fc.constantFrom("interactive", "batch"),
  instance: fc.constantFrom(...instances),
  devices: fc.constantFrom(["d0"], ["d1"], ["d0", "d1"], ["d1", "d0"]),
  tokens: fc.constantFrom(0, 0, 1, 1, 2, 9),
  warm: fc.boolean(),
  narrowHosts: fc.constantFrom(0, 0, 1, 2, 3),
});
