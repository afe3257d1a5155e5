import { writeSync } from "node:fs";
import { effectsFields, startEffects } from "@pixelmesh/effects";
import { ingestFields, startIngest } from "@pixelmesh/ingest";
import { runService } from "@pixelmesh/service";

// A service that kills itself right before its n-th durable write, or before its first of a kind: `node fault-service.ts ingest 7`,
// `node fault-service.ts ingest "update jobs"`. Announcements and lease renewals come at irregular times and are not counted.
const [, , name, at = ""] = process.argv;
const isKind = !/^\d+$/.test(at);
let left = isKind ? 1 : Number(at);

async function onWrite(what: string): Promise<void> {
  if (/ (services|leases)$/.test(what)) return;
  if (isKind && left > 0 && what !== at) return;
  left -= 1;
  if (left > 0) return;
  if (left === 0) writeSync(2, `dies before: ${what}\n`);
  process.kill(process.pid, "SIGKILL");
  await new Promise(() => {});
}

if (name === "ingest") {
  await runService(process, name, ingestFields, (config, life, log) => startIngest(config, life, log, { onWrite }));
} else {
  await runService(process, "effects", effectsFields, (config, life, log) =>
    startEffects(config, life, log, { onWrite }),
  );
}
