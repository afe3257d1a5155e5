import { loadConfig } from "@pixelmesh/config";
import { expect, test } from "vitest";
import { workerFields } from "../worker-fields.ts";
import { modelFields, toEvictionRules, toHostLimits } from "./model-fields.ts";

const gib = 2 ** 30;
const load = (env: Record<string, string> = {}) =>
  loadConfig({ ...workerFields("upscale"), ...modelFields("UPSCALE") }, env);

test("by default a machine of 4 GiB holds one model at a time, a larger machine as many as fit", () => {
  expect(toEvictionRules(load(), 4 * gib).maxModels).toBe(1);
  expect(toEvictionRules(load(), 8 * gib).maxModels).toBe(Number.POSITIVE_INFINITY);
  expect(toEvictionRules(load({ PIXELMESH_UPSCALE_MODELS_AT_ONCE: "many" }), 4 * gib).maxModels).toBeGreaterThan(1);
  expect(toEvictionRules(load({ PIXELMESH_UPSCALE_MODELS_AT_ONCE: "one" }), 64 * gib).maxModels).toBe(1);
});

test("host limits follow the settings, and all of them are finite", () => {
  const limits = toHostLimits(
    load({
      PIXELMESH_UPSCALE_HOST_RECYCLE_AFTER: "20",
      PIXELMESH_UPSCALE_HOST_MEMORY: "1GiB",
      PIXELMESH_UPSCALE_HOST_RUN_TIMEOUT: "90s",
    }),
  );
  expect(limits).toMatchObject({ recycleAfterRuns: 20, recycleAboveBytes: gib, runTimeoutMs: 90_000 });
  for (const bound of Object.values(limits)) expect(Number.isFinite(bound)).toBe(true);
});
