import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { HealthDefinition } from "@pixelmesh/rpc";
import type { Access } from "./access.ts";
import { connectProcess } from "./connect-process.ts";

const pollMs = 40;
const connectTimeoutMs = 2_000;

/** Whether the address accepts connections. */
export async function isListening(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: connectTimeoutMs });
  socket.once("connect", () => resolve(true));
  socket.once("timeout", () => resolve(false));
  socket.once("error", () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}

/**
 * Resolves as soon as `readiness` of the process's grpc.health.v1 is SERVING. Calls in plaintext unless `access` says otherwise. Throws
 * SERVICE_UNAVAILABLE after `timeoutMs`, and the signal's reason if that is aborted.
 */
export async function waitUntilServing(
  host: string,
  port: number,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly access?: Access },
): Promise<void> {
  const { timeoutMs, signal, access = {} } = options;
  let why = "";
  const untilMs = performance.now() + timeoutMs;
  const pause = async () => {
    if (performance.now() > untilMs) {
      throw new AppError(
        "SERVICE_UNAVAILABLE",
        `Nothing that serves answers at ${host}:${port} within ${timeoutMs} ms${why}`,
      );
    }
    await sleep(pollMs, undefined, { signal });
  };
  // A refused channel backs off for longer than a start takes, so a socket polls first. A socket cannot see through a proxy.
  while (!access.httpProxy && !(await isListening(host, port))) await pause();
  const connection = connectProcess(`${host}:${port}`, access);
  try {
    const health = connection.client(HealthDefinition);
    while (!(await isServing(health))) await pause();
  } finally {
    connection.close();
  }

  async function isServing(health: ReturnType<typeof connection.client<typeof HealthDefinition>>): Promise<boolean> {
    try {
      const { status } = await health.check(
        { service: "readiness" },
        { timeoutMs: 1_000, ...(signal ? { signal } : {}) },
      );
      return status === servingStatus;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AppError) {
        why = `: ${error.message}`;
        return false;
      }
      throw error;
    }
  }
}

/** grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING */
const servingStatus = 1;
