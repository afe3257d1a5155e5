import { defineConfig } from "vitest/config";

// One configuration, two projects: `unit` sits beside the code and needs nothing but node; `mesh` starts real brokers
// and real processes. Both run TypeScript sources through the `development` export condition.
const conditions = ["development", "node", "import", "default"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          include: [
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
          ],
          testTimeout: 60_000,
          pool: "forks",
          execArgv: ["--conditions=development"],
        },
      },
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
