import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { machineFacts } from "./machine.ts";

/** One figure with its upper limit. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bound: number;
  readonly details: unknown;
};

/** Prints a case's figures and writes them to bench/results/<case>.json. Returns whether all are within their limits. */
export function report(caseName: string, figures: readonly Figure[], command = `make bench CASE=${caseName}`): boolean {
  const results = fileURLToPath(new URL("../results/", import.meta.url));
  mkdirSync(results, { recursive: true });
  const document = {
    case: caseName,
    command,
    at: new Date().toISOString(),
    machine: machineFacts(),
    figures,
  };
  writeFileSync(`${results}${caseName}.json`, `${JSON.stringify(document, null, 2)}\n`);
  for (const { name, value, unit, bound } of figures) {
    console.log(`  ${value <= bound ? "ok  " : "OVER"}  ${name}: ${value} ${unit} (at most ${bound})`);
  }
  return figures.every(({ value, bound }) => value <= bound);
}
