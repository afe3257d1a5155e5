import { brokerMetrics } from "./definitions/broker.ts";
import type { Definition } from "./definitions/definition.ts";
import { deviceMetrics } from "./definitions/devices.ts";
import { gatewayMetrics } from "./definitions/gateway.ts";
import { jobMetrics } from "./definitions/jobs.ts";
import { processMetrics } from "./definitions/process.ts";
import { storageMetrics } from "./definitions/storage.ts";

/** The registry of metrics: every metric that a role exports, with its labels and the roles that export it. */
export const metricDefinitions = {
  ...processMetrics,
  ...jobMetrics,
  ...storageMetrics,
  ...brokerMetrics,
  ...deviceMetrics,
  ...gatewayMetrics,
};

/** The name of a metric in the registry. */
export type MetricName = keyof typeof metricDefinitions;

/** The definition of any metric. */
export type MetricDefinition = Definition;
