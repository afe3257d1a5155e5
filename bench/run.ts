/** `make bench`: every case, or the one named by CASE. Exits 1 when a figure is over its bound. */
import { eventLoopsCase } from "./cases/event-loops.ts";
import { holdSlotCase } from "./cases/hold-slot.ts";
import { interactiveBehindBatchCase } from "./cases/interactive-behind-batch.ts";
import { jobsTinyCase } from "./cases/jobs-tiny.ts";
import { meshStartCase } from "./cases/mesh-start.ts";
import { upscaleCase } from "./cases/upscale-640x480.ts";

const cases: Readonly<Record<string, () => Promise<boolean>>> = {
  "hold-slot": holdSlotCase,
  "mesh-start": meshStartCase,
  "jobs-tiny": jobsTinyCase,
  "interactive-behind-batch": interactiveBehindBatchCase,
  "event-loops": eventLoopsCase,
  "upscale-640x480": upscaleCase,
};
const wanted = process.env.CASE || "";
if (wanted !== "" && !(wanted in cases))
  throw new Error(`Expected CASE to be one of ${Object.keys(cases).join(", ")}, got ${wanted}`);

let allWithin = true;
for (const [name, run] of Object.entries(cases)) {
  if (wanted !== "" && wanted !== name) continue;
  console.log(`bench: ${name}`);
  allWithin = (await run()) && allWithin;
}
process.exit(allWithin ? 0 : 1);
