import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@pixelmesh/errors";

/** Where `make setup` puts it without root, beside the places of distributions. */
const ownDir = fileURLToPath(new URL("../../../.tools/bin", import.meta.url));
const usualDirs = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin", ownDir];

/**
 * The nats-server program: the one that PIXELMESH_NATS_SERVER names, else that on PATH or where distributions and `make setup` put it.
 * BROKER_UNAVAILABLE when there is none.
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
