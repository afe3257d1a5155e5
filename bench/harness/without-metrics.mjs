// Preloaded into the processes of a mesh (NODE_OPTIONS), so that they count nothing: what the counting costs is the difference.
import { createRequire } from "node:module";

const client = createRequire(new URL("../../libs/telemetry/package.json", import.meta.url))("prom-client");
const nothing = () => {};
const recording = ["inc", "dec", "set", "observe"].flatMap((name) => [
  name,
  `${name}WithExemplar`,
  `${name}WithoutExemplar`,
]);
for (const kind of [client.Counter, client.Gauge, client.Histogram])
  for (const method of recording) if (kind.prototype[method]) kind.prototype[method] = nothing;
client.collectDefaultMetrics = nothing;
