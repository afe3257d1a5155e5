/** Writes proto/index.ts: every message, enum and service of proto/gen, exported by name. */
import { globSync, readFileSync, writeFileSync } from "node:fs";

const skipped =
  /^(protobufPackage|protobufFileName|DeepPartial|MessageFns|ServerStreamingMethodResult)$|(FromJSON|ToJSON)$/;
const lines = ["// Written by write-index.ts. DO NOT EDIT.", ""];

for (const file of globSync("gen/pixelmesh/**/*.ts").sort()) {
  const source = readFileSync(file, "utf8");
  const names = (pattern: RegExp) => [...source.matchAll(pattern)].map((match) => match[1] as string);
  const values = new Set(names(/^export const (\w+)/gm).filter((name) => !skipped.test(name)));
  const types = new Set(names(/^export (?:interface|type) (\w+)/gm).filter((n) => !skipped.test(n) && !values.has(n)));
  const exports = [...[...values].sort(), ...[...types].sort().map((name) => `type ${name}`)];
  lines.push("export {", ...exports.map((name) => `  ${name},`), `} from "./${file}";`);
}

writeFileSync(
  "index.ts",
  `${lines.join("\n")}\n
/** The binary FileDescriptorSet of all contracts, for gRPC reflection. */
export const descriptorSetUrl: URL = new URL("./gen/descriptors.binpb", import.meta.url);
`,
);
