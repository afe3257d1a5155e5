import { brokerMetrics } from "./names/broker.ts";
import type { Definition } from "./names/definition.ts";
import { deviceMetrics } from "./names/devices.ts";
import { jobMetrics } from "./names/jobs.ts";
import { processMetrics } from "./names/process.ts";
import { storageMetrics } from "./names/storage.ts";

/** The registry of metric names: every metric that any service exports, and which services do. */
export const metricDefinitions = {
  ...processMetrics,
  ...jobMetrics,
  ...storageMetrics,
  ...brokerMetrics,
  ...deviceMetrics,
};

/** The name of a metric in the registry. */
export type MetricName = keyof typeof metricDefinitions;

/** A metric's definition as every one has it. */
export type MetricDefinition = Definition;
