import { brokerMetrics } from "./definitions/broker.ts";
import type { Definition } from "./definitions/definition.ts";
import { deviceMetrics } from "./definitions/devices.ts";
import { gatewayMetrics } from "./definitions/gateway.ts";
import { jobMetrics } from "./definitions/jobs.ts";
import { processMetrics } from "./definitions/process.ts";
import { providerMetrics } from "./definitions/providers.ts";
import { remoteCostMetrics } from "./definitions/remote-costs.ts";
import { resultMetrics } from "./definitions/results.ts";
import { storageMetrics } from "./definitions/storage.ts";

/** The registry of metrics: every metric that a role exports, with its labels and the roles that export it. */
export const metricDefinitions = {
  ...processMetrics,
  ...jobMetrics,
  ...resultMetrics,
  ...remoteCostMetrics,
  ...storageMetrics,
  ...brokerMetrics,
  ...deviceMetrics,
  ...gatewayMetrics,
  ...providerMetrics,
};

/** The name of a metric in the registry. */
export type MetricName = keyof typeof metricDefinitions;

/** The definition of any metric. */
export type MetricDefinition = Definition;
