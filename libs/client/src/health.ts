import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { HealthDefinition, type RpcConnection } from "@pixelmesh/rpc/client";
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

/** How long to wait, in milliseconds, and what ends the wait. */
export type WaitOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal };

/**
 * Resolves as soon as `readiness` of the process's grpc.health.v1 is SERVING. Calls in plaintext. Throws SERVICE_UNAVAILABLE after
 * `timeoutMs`, and the signal's reason if that is aborted.
 */
export async function waitUntilServing(host: string, port: number, options: WaitOptions): Promise<void> {
  const connection = connectProcess(`${host}:${port}`, {});
  const wait = createWait(connection.address, options);
  try {
    // A refused channel backs off for longer than a start takes, so a socket polls first.
    while (!(await isListening(host, port))) await wait.pause();
    await waitForHealth(connection, options, wait);
  } finally {
    connection.close();
  }
}

/** Resolves and throws as `waitUntilServing`, over a connection to a process that accepts connections. */
export async function waitForHealth(
  connection: RpcConnection,
  options: WaitOptions,
  wait: Wait = createWait(connection.address, options),
): Promise<void> {
  const { signal } = options;
  const health = connection.client(HealthDefinition);
  while (!(await isServing())) await wait.pause();

  async function isServing(): Promise<boolean> {
    try {
      const { status } = await health.check(
        { service: "readiness" },
        { timeoutMs: 1_000, ...(signal ? { signal } : {}) },
      );
      return status === servingStatus;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AppError) {
        wait.lastFailure = error;
        return false;
      }
      throw error;
    }
  }
}

/** A wait in steps. The last failure is named when it is over. */
type Wait = { lastFailure: AppError | undefined; pause(): Promise<void> };

/** Begins a wait for the process at an address. `pause` throws SERVICE_UNAVAILABLE after its time, and the signal's reason if that is aborted. */
function createWait(address: string, { timeoutMs, signal }: WaitOptions): Wait {
  const untilMs = performance.now() + timeoutMs;
  return {
    lastFailure: undefined,
    async pause() {
      if (performance.now() > untilMs) {
        const why = this.lastFailure ? `: ${this.lastFailure.message}` : "";
        throw new AppError(
          "SERVICE_UNAVAILABLE",
          `Nothing that serves answers at ${address} within ${timeoutMs} ms${why}`,
        );
      }
      await sleep(pollMs, undefined, { signal });
    },
  };
}

/** grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING */
const servingStatus = 1;
