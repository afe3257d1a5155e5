import type { Pixelmesh } from "@pixelmesh/client";
import { connectServing as connectTo, isListening } from "@pixelmesh/client/processes";
import { AppError } from "@pixelmesh/errors";
import { parseAddress } from "@pixelmesh/flag-values";
import type { CliIo } from "../io.ts";
import { readAccess } from "../options/access.ts";

/** How long calls are retried while the mesh does not answer. Default: as the client does. */
export type CallRetries = { readonly retryTimeoutMs?: number };

const startingTimeoutMs = 15_000;

/** Whether a server accepts connections at the address. Always true behind an HTTP proxy, where only a call can tell. */
export async function isAnswering(address: string, { env }: CliIo): Promise<boolean> {
  const { host, port } = parseAddress(address);
  return readAccess(env).httpProxy || isListening(host, port);
}

/**
 * Connects to the mesh at an address where a server answers, and waits for a mesh that is just starting. Throws
 * SERVICE_UNAVAILABLE where the server is not a mesh that serves.
 */
export async function connectServing(
  address: string,
  { env, stopping: signal }: CliIo,
  retries: CallRetries = {},
): Promise<Pixelmesh> {
  return connectTo({ address, ...readAccess(env), ...retries }, { timeoutMs: startingTimeoutMs, signal });
}

/** Connects to a running mesh. Throws SERVICE_UNAVAILABLE, with advice, where none answers. */
export async function connectExisting(address: string, io: CliIo, retries: CallRetries = {}): Promise<Pixelmesh> {
  if (await isAnswering(address, io)) return connectServing(address, io, retries);
  throw new AppError("SERVICE_UNAVAILABLE", `No mesh answers at ${address}. Start one with \`pixelmesh up\``);
}
