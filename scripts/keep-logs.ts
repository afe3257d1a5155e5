/** Loaded before each file of mesh tests: when a test fails, the logs of its meshes are kept, and their place is printed. */
import { afterAll, beforeEach } from "vitest";
import { deferRemoval, keepLogs, removeEnded } from "../libs/testing/src/kept-logs.ts";

deferRemoval();

beforeEach(({ onTestFailed }) => {
  onTestFailed(({ task }) => {
    const places = keepLogs();
    if (places.length > 0) console.error(`"${task.name}" failed. The logs of its meshes:\n  ${places.join("\n  ")}`);
  });
});

afterAll(removeEnded);
