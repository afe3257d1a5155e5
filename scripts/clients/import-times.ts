import { command } from "./command.ts";
import type { NodeProject } from "./node-project.ts";

const rounds = 9;

/** Scripts that print their time to load a package, in milliseconds. The library is what every gRPC client of Node loads. */
const scripts = {
  import: `const at = performance.now(); await import("@pixelmesh/client"); console.log(performance.now() - at)`,
  require: `const at = performance.now(); require("@pixelmesh/client"); console.log(performance.now() - at)`,
  library: `const at = performance.now(); require("nice-grpc"); console.log(performance.now() - at)`,
} as const;

/** Returns a line of text: the median times to import the SDK, in turn with the gRPC library that it uses, and their ratio. */
export async function measureImports({ dir, node }: NodeProject): Promise<string> {
  const times: Record<keyof typeof scripts, number[]> = { import: [], require: [], library: [] };
  for (let round = 0; round < rounds; round += 1)
    for (const [name, script] of Object.entries(scripts)) {
      const type = name === "import" ? "module" : "commonjs";
      const printed = await command(node, [`--input-type=${type}`, "-e", script], { cwd: dir });
      times[name as keyof typeof scripts].push(Number(printed));
    }
  const [esm, cjs, library] = [median(times.import), median(times.require), median(times.library)];
  return `import ${esm.toFixed(0)} ms, require ${cjs.toFixed(0)} ms, nice-grpc alone ${library.toFixed(0)} ms: ${(cjs / library).toFixed(2)} times`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
