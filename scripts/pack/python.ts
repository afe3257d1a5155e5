import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../deploy/images/src/run.ts";
import { root } from "./paths.ts";

const dir = join(root, ".tools/python-client");

/** Path of a program of the Python environment. */
export function pythonTool(name: string): string {
  return join(dir, "bin", name);
}

/**
 * Makes a Python environment with the tools of clients/python/requirements.txt in `.tools/`, and keeps it while that list stays the same. Returns why
 * that is not possible; undefined if it is there.
 */
export function openPython(): string | undefined {
  const requirements = join(root, "clients/python/requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  const stamp = join(dir, "installed.txt");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return undefined;
  const { status } = spawnSync("python3", ["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"]);
  if (status !== 0) return "it needs python3 of at least 3.10 with venv and pip";
  mkdirSync(join(root, ".tools"), { recursive: true });
  run("python3", ["-m", "venv", "--clear", dir], root);
  run(pythonTool("pip"), ["install", "--quiet", "--disable-pip-version-check", "-r", requirements], root);
  writeFileSync(stamp, wanted);
  return undefined;
}
