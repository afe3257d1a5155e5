// Preloaded into the processes of a mesh (NODE_OPTIONS) to turn metrics off. The difference to a normal mesh is their cost.
import { createRequire, syncBuiltinESMExports } from "node:module";
import hooks from "node:perf_hooks";
import { SeriesTable } from "../../libs/telemetry/src/metrics/series.ts";

const nothing = () => {};
const series = { add: nothing, set: nothing, observe: nothing };
SeriesTable.prototype.of = () => series;
const requireOf = createRequire(new URL("../../libs/telemetry/package.json", import.meta.url));
requireOf("prom-client").collectDefaultMetrics = nothing;
hooks.monitorEventLoopDelay = () => ({ enable: nothing, reset: nothing, percentile: () => 0, max: 0 });
syncBuiltinESMExports();
