import { defineConfig } from "vitest/config";
import { findTestsAlone } from "./scripts/tests-alone.ts";

// One configuration. `unit` and `unit-alone` sit beside the code and need nothing but node; `mesh` starts real brokers and real processes. All run
// TypeScript sources through the `development` export condition. `make` names them by `--project 'unit*' --project mesh`.
const conditions = ["development", "node", "import", "default"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } };
const unitFiles = [
  "proto/**/*.test.ts",
  "libs/*/src/**/*.test.ts",
  "services/*/src/**/*.test.ts",
  "services/gateway/console/{src/**/,}*.test.ts",
  "scripts/**/*.test.ts",
  "eval/*.test.ts",
  "eval/confidence/*.test.ts",
  "bench/harness/*.test.ts",
  "deploy/src/**/*.test.ts",
  "helm/cluster/{,chart/,control-plane/,fake/}*.test.ts",
];
const alone = findTestsAlone(import.meta.dirname, unitFiles);
const unit = { testTimeout: 60_000, pool: "forks" as const, execArgv: ["--conditions=development"] };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        ...shared,
        test: { ...unit, name: "unit", include: unitFiles, exclude: ["**/node_modules/**", ...alone], isolate: false },
      },
      { ...shared, test: { ...unit, name: "unit-alone", include: alone } },
      {
        ...shared,
        test: {
          // Needs tools of the distribution: see `make check-ops`.
          name: "ops",
          include: ["deploy/test/**/*.test.ts"],
          testTimeout: 400_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 60_000 } },
          pool: "forks",
          execArgv: ["--conditions=development"],
        },
      },
      {
        ...shared,
        test: {
          // What is deployed, from what was built for it: see `make check-deploy`.
          name: "deploy",
          include: ["helm/test/**/*.test.ts", "deploy/images/test/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          expect: { poll: { timeout: 60_000 } },
          pool: "forks",
          execArgv: ["--conditions=development"],
        },
      },
      {
        ...shared,
        test: {
          // The chart on a real API server: see `make check-kubernetes`, which starts it.
          name: "kubernetes",
          include: ["helm/cluster/{,node/}test/**/*.test.ts"],
          fileParallelism: false,
          maxConcurrency: 4,
          expect: { poll: { timeout: 60_000 } },
          testTimeout: 400_000,
          hookTimeout: 60_000,
          pool: "forks",
          execArgv: ["--conditions=development"],
        },
      },
      {
        ...shared,
        test: {
          // Needs a browser: see `make check-console`.
          name: "console",
          globalSetup: "test/support/own-memory.ts",
          setupFiles: "scripts/keep-logs.ts",
          include: ["services/gateway/console/test/**/*.test.ts"],
          fileParallelism: false,
          expect: { poll: { timeout: 60_000 } },
          testTimeout: 240_000,
          hookTimeout: 120_000,
          pool: "forks",
          execArgv: ["--conditions=development"],
        },
      },
      {
        ...shared,
        test: {
          name: "mesh",
          // These tests wait for processes and time-outs about as long as they compute.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          globalSetup: "test/support/own-memory.ts",
          setupFiles: "scripts/keep-logs.ts",
          include: [
            "libs/*/test/**/*.test.ts",
            "services/*/test/**/*.test.ts",
            "test/**/*.test.ts",
            "eval/test/**/*.test.ts",
          ],
          // A condition is waited for as long as a slow machine may need: what is never true still fails the test.
          expect: { poll: { timeout: 20_000 } },
          testTimeout: 240_000,
          hookTimeout: 60_000,
          pool: "forks",
          execArgv: ["--conditions=development"],
        },
      },
    ],
  },
});
