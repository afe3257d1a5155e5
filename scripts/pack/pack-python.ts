import { copyFileSync, cpSync, globSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientRetriesOf, isRetryable, reasons } from "@pixelmesh/errors";
import { run } from "../../deploy/images/src/run.ts";
import { packagesDir, pythonDir, root } from "./paths.ts";
import { openPython, pythonTool } from "./python.ts";
import { writeReadme } from "./write-readme.ts";

/** Contracts that clients call, and those that they import. */
const contracts = [
  "background",
  "common",
  "effects",
  "errors",
  "ingest",
  "jobs",
  "models",
  "pipeline",
  "remote",
  "scheduler",
  "storage",
  "upscale",
];

/**
 * Writes the wheel of the Python client: its sources, the code that grpcio-tools generates from the contracts, the reasons that are retried, and the
 * service configuration. Returns its path; undefined without Python, which is printed.
 */
export function packPython(): string | undefined {
  const missing = openPython();
  if (missing !== undefined) {
    console.log(`pack: SKIPPED the Python client: ${missing}`);
    return undefined;
  }
  const package_ = join(pythonDir, "src/pixelmesh");
  cpSync(join(root, "clients/python"), pythonDir, {
    recursive: true,
    filter: (path) => !/__pycache__|_cache/.test(path),
  });
  const proto = join(root, "proto");
  const files = globSync(
    contracts.map((name) => `pixelmesh/${name}/v1/*.proto`),
    { cwd: proto },
  ).sort();
  const out = ["python", "grpc_python", "mypy", "mypy_grpc"].map((kind) => `--${kind}_out=${join(pythonDir, "src")}`);
  const plugins = ["mypy", "mypy_grpc"].map(
    (name) => `--plugin=protoc-gen-${name}=${pythonTool(`protoc-gen-${name}`)}`,
  );
  run(pythonTool("python"), ["-m", "grpc_tools.protoc", "-I", proto, ...out, ...plugins, ...files], proto);
  writeFileSync(join(package_, "_reasons.py"), toReasons());
  copyFileSync(join(root, "clients/service-config.json"), join(package_, "service-config.json"));
  copyFileSync(join(root, "LICENSE"), join(pythonDir, "LICENSE"));
  writeReadme("clients/python", pythonDir);
  run(pythonTool("python"), ["-m", "build", "--wheel", "--no-isolation", "--outdir", packagesDir, "."], pythonDir);
  const [wheel] = globSync("pixelmesh-*.whl", { cwd: packagesDir });
  if (wheel === undefined) throw new Error(`Expected a wheel in ${packagesDir}`);
  return join(packagesDir, wheel);
}

/** Returns a Python module with the rules of the table of reasons. */
function toReasons(): string {
  const retried = reasons.filter((reason) => clientRetriesOf(reason) !== "never");
  return [
    "# Written by scripts/pack/pack-python.ts from the table of reasons. DO NOT EDIT.",
    "",
    "#: Whether clients repeat an idempotent call: always, or if the error says after which time. Others are never repeated.",
    `RETRIED_BY_CLIENTS: dict[str, str] = ${JSON.stringify(Object.fromEntries(retried.map((reason) => [reason, clientRetriesOf(reason)])), null, 4)}`,
    "#: The same work may succeed later.",
    `RETRYABLE: frozenset[str] = frozenset(${JSON.stringify(reasons.filter(isRetryable), null, 4)})`,
    "",
  ].join("\n");
}
