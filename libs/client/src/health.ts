import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { HealthDefinition } from "@pixelmesh/rpc";
import type { Access } from "./access.ts";
import { connectProcess } from "./connect-process.ts";

const pollMs = 40;
const connectTimeoutMs = 2_000;

/** Whether anything takes connections at the address. */
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
 * Resolves as soon as the process's grpc.health.v1 says that `readiness` is SERVING: in plaintext, or as `access` says. Throws SERVICE_UNAVAILABLE after
 * `timeoutMs`, and the signal's reason when that is aborted.
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
  // A channel that was refused once backs off for longer than starting takes; a bare socket does not. Behind a proxy a socket finds nothing.
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
