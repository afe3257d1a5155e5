import { toShortSize } from "@pixelmesh/short-text";
import { displayWidth, padCells } from "./display-width.ts";
import { escapeLine } from "./safe-text.ts";

export { toRate, toRoughTime, toShortSize, toShortTime } from "@pixelmesh/short-text";

/** Replaces numbers of bytes in a text by sizes: "26214400 bytes" becomes "25 MiB". Keeps the number beside a size that is not exact. */
export function withSizes(text: string): string {
  return text.replace(/\b(\d{4,15}) bytes\b/g, (found, digits: string) => {
    const bytes = Number(digits);
    const short = toShortSize(bytes).replace(".0 ", " ");
    const unit = 1024 ** ["B", "KiB", "MiB", "GiB", "TiB"].indexOf(short.split(" ")[1] ?? "B");
    return bytes === Number(short.split(" ")[0]) * unit ? short : `${toShortSize(bytes)} (${found})`;
  });
}

/** Formats rows in columns as wide as their widest cell. The last column is not padded. Cells are escaped. Ends with a line break unless empty. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(escapeLine));
  const widths: number[] = [];
  for (const row of safe)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    });
  const toLine = (row: readonly string[]) =>
    row
      .map((cell, column) => padCells(cell, widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return safe.map((row) => `${toLine(row)}\n`).join("");
}
