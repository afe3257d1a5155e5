import { parentPort } from "node:worker_threads";

// Evaluates the engine's module repeatedly, as many threads would that each import it once.
const imports = 1_000;
for (let round = 0; round < imports; round++) await import(`../src/engine/engine.ts?round=${round}`);
parentPort?.postMessage(imports);
