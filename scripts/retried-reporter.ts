import type { Reporter } from "vitest/node";

/** Says of each test that passed only when it was tried again what went wrong before: vitest says no more than that it was. */
export const retriedReporter: Reporter = {
  onTestCaseResult(test) {
    if (test.result().state !== "passed" || !test.diagnostic()?.flaky) return;
    for (const { name, message, diff, stacks = [] } of test.result().errors ?? []) {
      const places = stacks
        .filter(({ file }) => !file.includes("node_modules"))
        .map(({ file, line }) => `    at ${file}:${line}`);
      console.log([`RETRIED ${test.fullName}`, `${name}: ${message}`, ...(diff ? [diff] : []), ...places].join("\n"));
    }
  },
};
