import { connectPixelmesh, isListening, type Pixelmesh, waitUntilServing } from "@pixelmesh/client";
import { AppError } from "@pixelmesh/errors";
import type { CliIo } from "../io.ts";
import { readAccess } from "../options/access.ts";
import { parseAddress } from "../options/flag-values.ts";

const startingTimeoutMs = 15_000;

/** Whether anything answers at the address. Behind an HTTP proxy a socket cannot tell, so the calls find out. */
export async function isAnswering(address: string, { env }: CliIo): Promise<boolean> {
  const { host, port } = parseAddress(address);
  return readAccess(env).httpProxy || isListening(host, port);
}

/**
 * A client for the mesh at an address where something answers; a mesh that is just starting is waited for. Throws
 * SERVICE_UNAVAILABLE where that is no mesh, or none that serves.
 */
export async function connectServing(address: string, { env, stopping: signal }: CliIo): Promise<Pixelmesh> {
  const { host, port } = parseAddress(address);
  const access = readAccess(env);
  await waitUntilServing(host, port, { timeoutMs: startingTimeoutMs, signal, access });
  const client = connectPixelmesh({ address, ...access });
  await client.ready(startingTimeoutMs);
  return client;
}

/** A client for a mesh that has to be there already. Throws SERVICE_UNAVAILABLE, with what to do, where none is. */
export async function connectExisting(address: string, io: CliIo): Promise<Pixelmesh> {
  if (await isAnswering(address, io)) return connectServing(address, io);
  throw new AppError("SERVICE_UNAVAILABLE", `No mesh answers at ${address}. Start one with \`pixelmesh up\``);
}
