import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

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
