/**
 * Makes the maps of proto/gen take any key. Generated code writes entries into objects with a prototype, where the key `__proto__` sets
 * that prototype and is lost; and it drops entries without a value, which have the default one by the protobuf specification.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";

const bare = "globalThis.Object.create(null)";

for (const file of globSync("gen/pixelmesh/**/*.ts")) {
  const source = readFileSync(file, "utf8");
  const fields = [...source.matchAll(/^ {2}(\w+): \{ \[key: \w+\]: [\w.]+ \};$/gm)].map((match) => match[1] as string);
  let safe = source;
  for (const field of new Set(fields)) {
    safe = replaced(safe, new RegExp(`(?<=return \\{[^\\n]*\\b${field}: )\\{\\}`, "g"), bare);
    safe = replaced(safe, new RegExp(`(?<=obj\\.${field} = )\\{\\}`, "g"), bare);
    safe = replaced(safe, new RegExp(`(message\\.${field} = [^]*?,\\n\\s+)\\{\\}(?=,\\n\\s+\\);)`, "g"), `$1${bare}`);
    const entry = `if \\((entry\\d+)\\.value !== undefined\\) \\{\\n\\s+(message\\.${field}\\[\\1\\.key\\] = \\1\\.value);\\n\\s+\\}`;
    safe = replaced(safe, new RegExp(entry, "g"), "$2 ?? ({} as any);");
  }
  if (safe !== source) writeFileSync(file, safe);
}

/** The text with every match replaced. Throws where there is none: another generator may write otherwise. */
function replaced(text: string, pattern: RegExp, by: string): string {
  if (!pattern.test(text)) throw new Error(`Expected generated code like ${pattern.source}, got none`);
  return text.replace(pattern, by);
}
