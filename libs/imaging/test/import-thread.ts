import { parentPort } from "node:worker_threads";

// Loads the engine repeatedly, as many threads would that each use it once.
const imports = 1_000;
for (let round = 0; round < imports; round++) {
  const { sharp } = await import(`../src/engine/engine.ts?round=${round}`);
  sharp.concurrency();
}
parentPort?.postMessage(imports);
