import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Difference } from "./measure.ts";

/** A peer's part in a row. */
export type PeerResult = {
  readonly peer: string;
  readonly ms: number;
  readonly difference: Difference;
  /** Whether its result is ours, within the tolerance. */
  readonly isSame: boolean;
};

/** A row of the table. */
export type TableRow = {
  readonly name: string;
  readonly oursMs: number;
  readonly peers: readonly PeerResult[];
  readonly best: PeerResult;
  readonly ratio: number;
  readonly turnMs: number;
  readonly note: string;
};

/** Writes rows as a table in Markdown to bench/results/effect-peers.md, beside the figures. */
export function writeTable(rows: readonly TableRow[], facts: readonly string[]): void {
  const cells = rows.map(({ name, oursMs, peers, best, ratio, turnMs, note }) => {
    const others = peers
      .filter((peer) => peer !== best)
      .map(({ peer, ms, isSame }) => `${peer} ${ms.toFixed(0)}${isSame ? "" : " (another result)"}`);
    const { largest, mean } = best.difference;
    return [
      ...[name, oursMs.toFixed(0), best.peer, best.ms.toFixed(0), ratio.toFixed(2)],
      ...[`${largest}, ${mean.toFixed(3)}`, others.join(", "), turnMs.toFixed(1), note],
    ];
  });
  const head = [
    ...["effect", "ours, ms", "best peer", "its ms", "ratio", "largest and mean difference"],
    ...["other peers, ms", "longest turn, ms", "note"],
  ];
  const lines = [head, head.map(() => "---"), ...cells].map((line) => `| ${line.join(" | ")} |`);
  const text = [
    "<!-- Written by `make bench CASE=effect-peers`. Do not edit. -->",
    "",
    "# Effects against their best peers",
    "",
    ...facts.map((fact) => `- ${fact}`),
    "",
    ...lines,
    "",
  ].join("\n");
  writeFileSync(fileURLToPath(new URL("../results/effect-peers.md", import.meta.url)), text);
}

/** Returns a row in one line, with differences as largest, mean, and share of samples above the tolerance. */
export function describeRow({ name, oursMs, peers, best, ratio, turnMs }: TableRow): string {
  const others = peers.map(({ peer, ms, isSame, difference: { largest, mean, share } }) => {
    const result = isSame ? "" : " (another result)";
    return `${peer} ${ms.toFixed(1)} ms${result} [${largest}, ${mean.toFixed(3)}, ${share.toFixed(5)}]`;
  });
  return `${name}: ours ${oursMs.toFixed(1)} ms, ${others.join(", ")}; ${ratio.toFixed(2)} × ${best.peer}; turn ${turnMs.toFixed(1)} ms`;
}
