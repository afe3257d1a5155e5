import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../deploy/images/src/run.ts";
import { assertClientOnly, bundleClient, bundleTypes, clientPackages } from "./bundle-client.ts";
import { describePackage, packageOf, readManifest, toRanges } from "./manifest.ts";
import { npmPack } from "./npm-pack.ts";
import { packagesDir, root, typesDir } from "./paths.ts";
import { writeReadme } from "./write-readme.ts";

/**
 * Writes the tarball of `@pixelmesh/client`: one CommonJS bundle, an ES module on top of it, its declarations, examples, readme and licence. Returns its
 * path. Throws if the bundle holds a server's code or imports a package that is not expected.
 */
export async function packClient(): Promise<string> {
  const dir = join(packagesDir, "client");
  const dist = join(dir, "dist");
  mkdirSync(dist, { recursive: true });
  const bundle = await bundleClient(join(dist, "index.cjs"));
  assertClientOnly(bundle);
  writeFileSync(join(dist, "index.js"), toModule(bundle.exports));

  run(join(root, "node_modules/.bin/tsc"), ["-p", "scripts/pack"], root);
  await bundleTypes(join(dist, "index.d.ts"));
  rmSync(typesDir, { recursive: true });
  assertOwnTypes(join(dist, "index.d.ts"));
  copyFileSync(join(dist, "index.d.ts"), join(dist, "index.d.cts"));

  const manifest = readManifest("libs/client");
  writeFileSync(
    join(dir, "package.json"),
    `${JSON.stringify(
      {
        ...describePackage(manifest),
        main: "./dist/index.cjs",
        types: "./dist/index.d.cts",
        exports: {
          ".": {
            import: { types: "./dist/index.d.ts", default: "./dist/index.js" },
            require: { types: "./dist/index.d.cts", default: "./dist/index.cjs" },
          },
          "./package.json": "./package.json",
        },
        sideEffects: false,
        files: ["dist", "examples"],
        dependencies: toRanges(bundle.imports.map(packageOf)),
        // Only used where the program has an OpenTelemetry SDK of its own, to send its trace with each call.
        peerDependencies: { "@opentelemetry/api": "^1.9.0" },
        peerDependenciesMeta: { "@opentelemetry/api": { optional: true } },
      },
      null,
      2,
    )}\n`,
  );
  copyFileSync(join(root, "LICENSE"), join(dir, "LICENSE"));
  writeReadme("libs/client", dir);
  cpSync(join(root, "examples/typescript"), join(dir, "examples"), {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  return npmPack(dir, manifest);
}

/** Returns an ES module that exports the values of the CommonJS bundle, so that both have the same classes. */
function toModule(names: readonly string[]): string {
  const lines = names.map((name) => `export const ${name} = sdk.${name};`);
  return `import sdk from "./index.cjs";\n\n${lines.join("\n")}\n`;
}

/** Throws if declarations import a package that a user does not have. */
function assertOwnTypes(file: string): void {
  const imported = [...readFileSync(file, "utf8").matchAll(/from "([^"]+)"|import\("([^"]+)"\)/g)].map(([, from, of]) =>
    packageOf((from ?? of) as string),
  );
  const unexpected = imported.filter((name) => !clientPackages.includes(name));
  if (unexpected.length > 0)
    throw new Error(`Expected declarations that use the SDK's own packages only, got ${unexpected.join(", ")}`);
}
