import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RoleName } from "@pixelmesh/roles";
import { assertCheckout } from "./service-command.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const scope = "@pixelmesh/";

/**
 * Returns the directories of this checkout whose files a service loads: its own sources, those of the libs that it depends on, directly
 * or not, and the generated contracts. Throws as `assertCheckout` does.
 */
export function sourceDirsOf(name: RoleName): readonly string[] {
  assertCheckout();
  const folders = new Set([join("services", name)]);
  // A set's iteration includes what is added meanwhile.
  for (const folder of folders) for (const dependency of dependenciesOf(folder)) folders.add(dependency);
  return [...folders].map((folder) => join(root, folder, folder === "proto" ? "gen" : "src"));
}

function dependenciesOf(folder: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
  };
  const names = Object.keys(dependencies).filter((name) => name.startsWith(scope));
  return names.map((name) => name.slice(scope.length)).map((name) => (name === "proto" ? name : join("libs", name)));
}
