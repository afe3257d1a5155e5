import { backgroundFields } from "@pixelmesh/background";
import type { Fields } from "@pixelmesh/config";
import { effectsFields } from "@pixelmesh/effects";
import { gatewayFields } from "@pixelmesh/gateway";
import { ingestFields } from "@pixelmesh/ingest";
import { remoteFields } from "@pixelmesh/remote";
import type { RoleName } from "@pixelmesh/roles";
import { schedulerFields } from "@pixelmesh/scheduler";
import { storageFields } from "@pixelmesh/storage";
import { upscaleFields } from "@pixelmesh/upscale";
import { ownRules } from "./own-rules.ts";
import { readRules } from "./rules.ts";

/** The settings of each role. */
export const fieldsOf: Readonly<Record<RoleName, Fields>> = {
  ingest: ingestFields,
  scheduler: schedulerFields,
  storage: storageFields,
  upscale: upscaleFields,
  background: backgroundFields,
  effects: effectsFields,
  remote: remoteFields,
  gateway: gatewayFields,
};

/**
 * Copies of the rules by their path under the chart's `files/`, because a chart can only read files inside itself. Every query selects a
 * namespace, which the chart replaces with its release's.
 */
export function chartRules(): [string, string][] {
  return readRules().map((file) => [`rules/${file.name}`, ownRules(file)]);
}

/** Generates the list of variables that each role reads. The chart refuses all others in its values. */
export function chartSettings(): string {
  const names = Object.entries(fieldsOf).map(([role, fields]) => [
    role,
    Object.values(fields)
      .map(({ variable }) => variable)
      .sort(),
  ]);
  return `${JSON.stringify(Object.fromEntries(names), null, 2)}\n`;
}

/** Generates the default bound of all streams together, which the chart compares with the broker's claim. */
export function chartStoreMax(): string {
  return `${schedulerFields.natsStoreMaxBytes.defaultText}\n`;
}
