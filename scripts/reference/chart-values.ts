import { readFileSync } from "node:fs";
import { isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";
import { toCode, toPage, toTable } from "./markdown.ts";

type Row = readonly [path: string, value: string, doc: string];

/** Every value of the chart with its default and the comment above it. */
export function chartValuesPage(): string {
  const text = readFileSync(new URL("../../helm/pixelmesh/values.yaml", import.meta.url), "utf8");
  const { contents } = parseDocument(text);
  const rows: Row[] = [];
  if (contents !== null) walk(contents, "", "", rows);
  return toPage("Chart values", "helm/pixelmesh/values.yaml", [
    "`values.schema.json` refuses every other value by name. Values of `nats` go to the official NATS chart.",
    toTable(
      ["value", "default", "meaning"],
      rows.map(([path, value, doc]) => [toCode(path), toCode(value), doc]),
    ),
  ]);
}

function walk(node: Node, path: string, doc: string, rows: Row[]): void {
  if (!isMap(node) || node.items.length === 0 || (node.flow && doc !== "")) {
    rows.push([path, toText(node), doc]);
    return;
  }
  if (doc !== "") rows.push([path, "", doc]);
  let isFirst = true;
  for (const { key, value } of node.items) {
    const name = String(isScalar(key) ? key.value : key);
    // The parser puts the comment of a map's first entry before the map.
    const comment = isScalar(key) ? (key.commentBefore ?? (isFirst ? node.commentBefore : undefined)) : undefined;
    isFirst = false;
    if (value !== null) walk(value as Node, path === "" ? name : `${path}.${name}`, toDoc(comment), rows);
  }
}

/** The last paragraph of a comment as one line; lines of `#` and headings between them do not count. */
function toDoc(comment: string | null | undefined): string {
  const lines = (comment ?? "").split("\n").map((line) => line.trim());
  const start = lines.findLastIndex((line) => line === "" || /^#+$/.test(line)) + 1;
  return lines.slice(start).join(" ").replaceAll(/\s+/g, " ").trim();
}

function toText(node: Node): string {
  if (isScalar(node)) return JSON.stringify(node.value);
  if (isSeq(node) && node.items.length === 0) return "[]";
  if (isMap(node) && node.items.length === 0) return "{}";
  return JSON.stringify(node.toJSON());
}
