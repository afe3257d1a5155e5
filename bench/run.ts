/** `make bench`: runs every case, or the one named by CASE. Exits with 1 if a figure is over its limit. */
import { badInputCase } from "./cases/bad-input.ts";
import { batch1000Case } from "./cases/batch-1000.ts";
import { batchMattesCase } from "./cases/batch-mattes.ts";
import { batchMemoryCase } from "./cases/batch-memory.ts";
import { batchTilesCase } from "./cases/batch-tiles.ts";
import { cachePoliciesCase } from "./cases/cache-policies.ts";
import { cachedJobsCase } from "./cases/cached-jobs.ts";
import { cliMemoryCase } from "./cases/cli-memory.ts";
import { cutOutKernelsCase } from "./cases/cut-out-kernels.ts";
import { cutOutsCase } from "./cases/cut-outs.ts";
import { cutOutsLargeCase } from "./cases/cut-outs-large.ts";
import { cutOutsOverlapCase } from "./cases/cut-outs-overlap.ts";
import { effectKernelsCase } from "./cases/effect-kernels.ts";
import { effectPeersCase } from "./cases/effect-peers.ts";
import { effectSharingCase } from "./cases/effect-sharing.ts";
import { effectVariantsCase } from "./cases/effect-variants.ts";
import { etaCase } from "./cases/eta.ts";
import { eventLoopsCase } from "./cases/event-loops.ts";
import { gatewayCase } from "./cases/gateway.ts";
import { holdSlotCase } from "./cases/hold-slot.ts";
import { holdSlotFloodCase } from "./cases/hold-slot-flood.ts";
import { hostRecycleCase } from "./cases/host-recycle.ts";
import { hotAfterRestartCase } from "./cases/hot-after-restart.ts";
import { interactiveBehindBatchCase } from "./cases/interactive-behind-batch.ts";
import { jobsTinyCase } from "./cases/jobs-tiny.ts";
import { overloadCase } from "./cases/overload.ts";
import { previewEffectsCase } from "./cases/preview-effects.ts";
import { previewsCase } from "./cases/previews.ts";
import { recoveryCase } from "./cases/recovery.ts";
import { remoteCallsCase } from "./cases/remote-calls.ts";
import { restAndStartCase } from "./cases/rest-and-start.ts";
import { storageStreamsCase } from "./cases/storage-streams.ts";
import { sustainedCase } from "./cases/sustained.ts";
import { telemetryCostCase } from "./cases/telemetry-cost.ts";
import { upscale16Case } from "./cases/upscale-16.ts";
import { upscale640x480Case } from "./cases/upscale-640x480.ts";
import { upscale1080pCase } from "./cases/upscale-1080p.ts";
import { upscaleFinishCase } from "./cases/upscale-finish.ts";
import { upscaleLargeCase } from "./cases/upscale-large.ts";
import { upscaleMeansCase } from "./cases/upscale-means.ts";
import { upscaleX2Case } from "./cases/upscale-x2.ts";

const cases: Readonly<Record<string, () => Promise<boolean>>> = {
  "bad-input": badInputCase,
  "hold-slot": holdSlotCase,
  "hold-slot-flood": holdSlotFloodCase,
  "jobs-tiny": jobsTinyCase,
  overload: overloadCase,
  recovery: recoveryCase,
  "remote-calls": remoteCallsCase,
  "rest-and-start": restAndStartCase,
  "storage-streams": storageStreamsCase,
  sustained: sustainedCase,
  "interactive-behind-batch": interactiveBehindBatchCase,
  previews: previewsCase,
  "preview-effects": previewEffectsCase,
  "telemetry-cost": telemetryCostCase,
  "event-loops": eventLoopsCase,
  eta: etaCase,
  "upscale-x2": upscaleX2Case,
  "upscale-640x480": upscale640x480Case,
  "upscale-1080p": upscale1080pCase,
  "upscale-16": upscale16Case,
  "batch-1000": batch1000Case,
  "batch-mattes": batchMattesCase,
  "batch-memory": batchMemoryCase,
  "batch-tiles": batchTilesCase,
  "cache-policies": cachePoliciesCase,
  "cached-jobs": cachedJobsCase,
  "hot-after-restart": hotAfterRestartCase,
  "cli-memory": cliMemoryCase,
  "cut-out-kernels": cutOutKernelsCase,
  "cut-outs": cutOutsCase,
  "cut-outs-large": cutOutsLargeCase,
  "cut-outs-overlap": cutOutsOverlapCase,
  "effect-kernels": effectKernelsCase,
  "effect-peers": effectPeersCase,
  "effect-sharing": effectSharingCase,
  "effect-variants": effectVariantsCase,
  gateway: gatewayCase,
  "host-recycle": hostRecycleCase,
  "upscale-finish": upscaleFinishCase,
  "upscale-large": upscaleLargeCase,
  "upscale-means": upscaleMeansCase,
};
const requested = process.env.CASE || "";
if (requested !== "" && !(requested in cases))
  throw new Error(`Expected CASE to be one of ${Object.keys(cases).join(", ")}, got ${requested}`);

let allWithin = true;
for (const [name, run] of Object.entries(cases)) {
  if (requested !== "" && requested !== name) continue;
  console.log(`bench: ${name}`);
  allWithin = (await run()) && allWithin;
}
process.exit(allWithin ? 0 : 1);
