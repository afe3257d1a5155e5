import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { effectsFields, startEffects } from "@pixelmesh/effects";
import { runService } from "@pixelmesh/service";

// The effects service, whose steps wait while a file exists: `node held-effects.ts FILE`. A step that waits is half done. See `startHeldMesh`.
const [, , file = ""] = process.argv;
const tick = { ms: 20, progress: 0.05, most: 0.5 };

await runService(process, "effects", effectsFields, (config, life, log) =>
  startEffects(config, life, log, {
    async beforeRun({ signal, onProgress }) {
      for (let done = 0; existsSync(file); done += tick.progress) {
        if (done <= tick.most) onProgress(done);
        await sleep(tick.ms);
        signal.throwIfAborted();
      }
    },
  }),
);
