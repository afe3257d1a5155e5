import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Plugin, rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { packageOf, readManifest } from "./manifest.ts";
import { root, typesDir } from "./paths.ts";

/** What a bundle consists of. */
export type Bundle = {
  readonly exports: readonly string[];
  /** Modules of other packages that it imports. */
  readonly imports: readonly string[];
  /** Our own modules with code in it, relative to the root. */
  readonly modules: readonly string[];
};

/** Packages that the SDK may need. A further one has to be added here, so that a server's library is not added by accident. */
export const clientPackages: readonly string[] = [
  "@bufbuild/protobuf",
  "@grpc/grpc-js",
  "nice-grpc",
  "nice-grpc-client-middleware-deadline",
  "nice-grpc-common",
  "nice-grpc-error-details",
];

/** Our code that has no place in a client. */
const serverOnly = /^(services|libs\/(bus|service|worker|imaging|inference)|libs\/rpc\/src\/(server|limits|forward))\//;

/** Throws if a bundle holds a server's code or imports a package that is not expected. */
export function assertClientOnly({ imports, modules }: Bundle): void {
  const unexpected = imports.map(packageOf).filter((name) => !clientPackages.includes(name));
  if (unexpected.length > 0) throw new Error(`Expected the SDK not to import ${unexpected.join(", ")}`);
  const servers = modules.filter((path) => serverOnly.test(path));
  if (servers.length > 0) throw new Error(`Expected the SDK without a server's code, got ${servers.join(", ")}`);
}

const isOurs = (id: string) => id.startsWith(".") || id.startsWith("/") || id.startsWith("@pixelmesh/");

/**
 * Bundles the SDK into one CommonJS file, which both `require` and an ES module use, so that a process has one AppError. Code that the SDK does not
 * use, such as servers and metrics, is left out.
 */
export async function bundleClient(file: string): Promise<Bundle> {
  const bundle = await rolldown({
    input: join(root, "libs/client/src/index.ts"),
    platform: "node",
    resolve: { conditionNames: ["development", "import", "node", "default"] },
    external: (id) => !isOurs(id),
    treeshake: { moduleSideEffects: false },
    transform: { target: "node22.15" },
  });
  const { output } = await bundle.write({ format: "cjs", file, codeSplitting: false, comments: false });
  await bundle.close();
  const [chunk] = output;
  const rendered = Object.entries(chunk.modules).filter(([, { renderedLength }]) => renderedLength > 0);
  return {
    exports: chunk.exports,
    imports: chunk.imports.filter((id) => !id.startsWith("node:")),
    modules: rendered.map(([path]) => (path.startsWith(root) ? path.slice(root.length) : path)),
  };
}

/** Bundles the declarations in `typesDir` into one file. */
export async function bundleTypes(file: string): Promise<void> {
  const bundle = await rolldown({
    input: join(typesDir, "libs/client/src/index.d.ts"),
    external: (id) => !isOurs(id),
    plugins: [emitted(), dts({ dtsOnly: true, tsconfig: false, generator: "oxc" })],
  });
  await bundle.write({ format: "es", dir: dirname(file), entryFileNames: "[name].ts" });
  await bundle.close();
}

/** Resolves our packages to their emitted declarations. */
function emitted(): Plugin {
  return {
    name: "emitted-declarations",
    resolveId: {
      order: "pre",
      handler(id) {
        const [, name, entry = ""] = /^@pixelmesh\/([^/]+)(\/.+)?$/.exec(id) ?? [];
        if (name === undefined) return null;
        const dir = name === "proto" ? name : `libs/${name}`;
        const source = readManifest(dir).exports?.[`.${entry}`]?.development;
        const found = source && join(typesDir, dir, source.replace(/\.ts$/, ".d.ts"));
        if (!found || !existsSync(found)) throw new Error(`Expected declarations of ${id} in ${typesDir}`);
        return found;
      },
    },
  };
}
