import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@pixelmesh/errors";

/** Directory where `make setup` installs it without root. */
const ownDir = fileURLToPath(new URL("../../../.tools/bin", import.meta.url));
const usualDirs = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin", ownDir];

/**
 * Returns the path of the nats-server program: PIXELMESH_NATS_SERVER, else the first on PATH or in the directories of distributions
 * and `make setup`. Throws BROKER_UNAVAILABLE if there is none.
 */
export function findNatsServer(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = env.PIXELMESH_NATS_SERVER;
  if (named) {
    if (isProgram(named)) return named;
    throw new AppError(
      "BROKER_UNAVAILABLE",
      `Expected PIXELMESH_NATS_SERVER to name a program that can be run, got ${named}`,
    );
  }
  const dirs = [...(env.PATH ?? "").split(delimiter).filter((dir) => dir !== ""), ...usualDirs];
  const found = dirs.map((dir) => join(dir, "nats-server")).find(isProgram);
  if (found) return found;
  throw new AppError(
    "BROKER_UNAVAILABLE",
    "Expected nats-server on PATH or in PIXELMESH_NATS_SERVER and found none; run `make setup`",
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
