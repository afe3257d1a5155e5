import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { useMesh } from "./use-mesh.ts";

const own = useMesh("lazy-imports");

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
/** Prints, at the end of the process, the modules that it has loaded. */
const hook = `import { registerHooks } from "node:module";
const urls = [];
registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
process.on("exit", () => process.stderr.write("\\nLOADED " + JSON.stringify(urls)));`;

/** Runs a command line and resolves to the URLs of the modules that it loaded. */
async function loadedBy(args: readonly string[]): Promise<string[]> {
  const flags = ["--conditions=development", "--disable-warning=ExperimentalWarning"];
  const preload = `data:text/javascript,${encodeURIComponent(hook)}`;
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(process.execPath, [...flags, "--import", preload, main, ...args], (_error, _out, err) => resolve(err));
  return JSON.parse(/\nLOADED (.*)$/.exec(await promise)?.[1] ?? "null");
}

const heavy = /libs\/(imaging|inference)\/|\/(sharp|onnxruntime-node)\//;

test.each([
  ["--help"],
  ["effects", "preview", "--help"],
  ["run", "missing.png", "-o", "-", "--address", "127.0.0.1:1"],
  ["effects", "list", "--address", "127.0.0.1:1"],
])("pixelmesh %s %s %s loads no library of pictures or models", async (...args) => {
  const urls = await loadedBy(args);
  expect(urls.length).toBeGreaterThan(20);
  expect(urls.filter((url) => heavy.test(url))).toEqual([]);
});

const ofServers =
  /libs\/(bus|pipeline|rpc\/src\/(server|limits|forward)|telemetry\/src\/(metrics|logs))\/|\/(@nats-io|pino|prom-client|zod|undici)\//;

test.each([["status"], ["jobs", "list"], ["effects", "list"]])(
  "pixelmesh %s %s loads the client of a mesh, and nothing that only servers use",
  async (...args) => {
    const urls = await loadedBy([...args, "--address", own.mesh.address]);
    expect(urls.filter((url) => url.includes("libs/client/src/jobs.ts"))).toHaveLength(1);
    expect(urls.filter((url) => heavy.test(url) || ofServers.test(url))).toEqual([]);
  },
);

test("a command loads no other command", async () => {
  const urls = await loadedBy(["status", "--help"]);
  const commands = urls.flatMap((url) => url.match(/libs\/cli\/src\/commands\/(.*)\.ts/)?.[1] ?? []);
  expect(commands.sort()).toEqual(["index", "status"]);
});
