import { type Figure, report } from "../../harness/report.ts";
import { median, spread } from "../../harness/stats.ts";
import { rounds } from "./compare-sides.ts";
import type { SideCost } from "./side.ts";

/** A limit of a ratio of ours to a peer's cost in the same round. */
export type RatioLimit = {
  /** Name of our side. */
  readonly side: string;
  readonly measure: "wallS" | "cpuS";
  /** Names of the peers; the best of those that ran counts. Default: every peer. */
  readonly peers?: readonly string[];
  readonly bound: number;
};

/** A limit of a value of ours alone: `wallS`, `cpuS`, `peakMiB`, or a name of the round's values. `per` divides the value. */
export type ValueLimit = {
  readonly side: string;
  readonly measure: string;
  readonly name: string;
  readonly unit: string;
  readonly per?: number;
  readonly bound: number;
};

/** Limits of a case, and facts about it that are kept with the figures. */
export type Judgement = {
  readonly caseName: string;
  /** Command that repeats it; default: `make bench-peers CASE=<caseName>`. */
  readonly command?: string;
  readonly ratios?: readonly RatioLimit[];
  readonly values?: readonly ValueLimit[];
  readonly facts: Readonly<Record<string, unknown>>;
};

/**
 * Prints the costs of all sides with the ratios of ours to each peer, compares with the limits, and writes the results. Returns whether all
 * figures are within their limits. A ratio whose peers did not run is not judged, and named.
 */
export function judge(costs: readonly SideCost[], judgement: Judgement): boolean {
  const { caseName, ratios = [], values = [], facts } = judgement;
  const ours = costs.filter(({ isOurs, hasOwnWork }) => isOurs && !hasOwnWork);
  const peers = costs.filter(({ isOurs }) => !isOurs);
  for (const cost of costs) printSide(cost);
  for (const side of ours) for (const peer of peers) printRatios(side, peer);
  const details = { rounds, ...facts, sides: costs.map(toDetails) };
  const figures: Figure[] = [];
  for (const { side, measure, peers: wanted, bound } of ratios) {
    const cost = find(costs, side);
    const present = peers.filter(({ name }) => wanted?.includes(name) ?? true);
    const [best, ...others] = present.sort((a, b) => median(a[measure]) - median(b[measure]));
    const what = `${measure === "cpuS" ? "processor time" : "time"} of ${side} / `;
    if (best === undefined) {
      console.log(`  !!! NOT JUDGED: ${what}${wanted?.join(" or ") ?? "any peer"}: no such peer ran`);
      continue;
    }
    const otherRatios = others.map((peer) => [peer.name, spread(ratiosOf(cost[measure], peer[measure]), 3)]);
    const ratio = spread(ratiosOf(cost[measure], best[measure]), 3);
    figures.push({
      name: `${what}${best.name}`,
      value: ratio.median,
      unit: "×",
      bound,
      details: { ...details, ratio, otherPeers: Object.fromEntries(otherRatios) },
    });
  }
  for (const { side, measure, name, unit, per = 1, bound } of values) {
    const measured = valuesOf(find(costs, side), measure).map((value) => value / per);
    const value = spread(measured, 2);
    figures.push({ name: `${name} (${side})`, value: value.median, unit, bound, details: { ...details, value } });
  }
  return report(`peers-${caseName}`, figures, judgement.command ?? `make bench-peers CASE=${caseName}`);
}

function find(costs: readonly SideCost[], name: string): SideCost {
  const cost = costs.find((each) => each.name === name);
  if (cost === undefined) throw new Error(`Expected a side ${name}, got ${costs.map((each) => each.name).join(", ")}`);
  return cost;
}

function valuesOf(cost: SideCost, measure: string): readonly number[] {
  if (measure === "wallS" || measure === "cpuS" || measure === "peakMiB") return cost[measure];
  const values = cost.values[measure];
  if (values === undefined) throw new Error(`Expected ${cost.name} to measure ${measure}`);
  return values;
}

function ratiosOf(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, at) => value / (others[at] as number));
}

function toDetails({ name, wallS, cpuS, peakMiB, load, values }: SideCost) {
  return {
    name,
    wallS: spread(wallS, 2),
    cpuS: spread(cpuS, 2),
    peakMiB: spread(peakMiB),
    load: spread(load, 2),
    values: Object.fromEntries(Object.entries(values).map(([key, each]) => [key, spread(each, 2)])),
  };
}

function printSide(cost: SideCost): void {
  const { name, wallS, cpuS, peakMiB, load, values } = toDetails(cost);
  const text = (of: { min: number; median: number; max: number }) => `${of.median} (${of.min} to ${of.max})`;
  const further = Object.entries(values).map(([key, of]) => `, ${key} ${text(of)}`);
  const memory = `peak ${peakMiB.median} MiB, load ${load.median}`;
  console.log(`  ${name}: ${text(wallS)} s, ${text(cpuS)} CPU-s, ${memory}${further.join("")}`);
}

function printRatios(ours: SideCost, peer: SideCost): void {
  const text = (measure: "wallS" | "cpuS") => {
    const of = spread(ratiosOf(ours[measure], peer[measure]), 2);
    return `${of.median} × (${of.min} to ${of.max})`;
  };
  console.log(`  ${ours.name} / ${peer.name}: time ${text("wallS")}, processor time ${text("cpuS")}`);
}
