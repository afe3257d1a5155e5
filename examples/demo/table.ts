import type { Job } from "@pixelmesh/client";

const heads = ["step", "operation", "ms", "model", "provider", "cached"] as const;

/** A job's steps as lines of text: what each took, where it ran, and whether its result was there already. */
export function stepTable({ steps }: Job): string {
  const rows = steps.map(({ id, operation, runMs, savedMs, model, provider, cached }) => [
    id,
    operation,
    String(runMs),
    model || "-",
    provider || "-",
    cached ? `yes (saved ${savedMs} ms)` : "no",
  ]);
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd();
  return [line(heads), ...rows.map(line)].join("\n");
}
