import { backgroundFields } from "@pixelmesh/background";
import type { Fields } from "@pixelmesh/config";
import { effectsFields } from "@pixelmesh/effects";
import { ingestFields } from "@pixelmesh/ingest";
import { schedulerFields } from "@pixelmesh/scheduler";
import { storageFields } from "@pixelmesh/storage";
import { upscaleFields } from "@pixelmesh/upscale";
import { readRules } from "./rules.ts";

/** The settings of each role. */
export const fieldsOf: Readonly<Record<string, Fields>> = {
  ingest: ingestFields,
  scheduler: schedulerFields,
  storage: storageFields,
  upscale: upscaleFields,
  background: backgroundFields,
  effects: effectsFields,
};

/** A chart sees files inside itself only: the rules again, by their path under the chart's `files/`. */
export function chartRules(): [string, string][] {
  return readRules().map(({ name, text }) => [`rules/${name}`, text]);
}

/** The variables that each role reads, for refusing any other in the chart's values. */
export function chartSettings(): string {
  const names = Object.entries(fieldsOf).map(([role, fields]) => [
    role,
    Object.values(fields)
      .map(({ variable }) => variable)
      .sort(),
  ]);
  return `${JSON.stringify(Object.fromEntries(names), null, 2)}\n`;
}
