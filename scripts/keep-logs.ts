/** Loaded before each file of mesh tests. When a test fails, keeps the logs of its meshes and prints their directories. */
import { afterAll, beforeEach } from "vitest";
import { deferRemoval, keepLogs, removeEnded } from "../libs/testing/src/kept-logs.ts";

deferRemoval();

beforeEach(({ onTestFailed }) => {
  onTestFailed(({ task }) => {
    const dirs = keepLogs();
    if (dirs.length > 0) console.error(`"${task.name}" failed. The logs of its meshes:\n  ${dirs.join("\n  ")}`);
  });
});

afterAll(removeEnded);
