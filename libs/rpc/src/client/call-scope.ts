import { isAbort } from "@pixelmesh/errors";
import { callInfo, injectTrace, type Metrics, noSpan, openSpan } from "@pixelmesh/telemetry/calls";
import { ClientError, Status } from "nice-grpc-common";
import { createCallDurations } from "../calls/call-durations.ts";
import { isLongLived, isTraced } from "../calls/method-kinds.ts";
import { tenantKey } from "../calls/tenant-key.ts";
import { fromRpcError } from "../errors/convert-errors.ts";
import { isServerError } from "../errors/server-fault.ts";
import { statusOf } from "../errors/statuses.ts";
import { toServerAttributes } from "./server-address.ts";

/** What every call of a connection shares. */
export type CallDefaults = {
  /** Time for a call without a time of its own; default 30 s. */
  readonly timeoutMs?: number | undefined;
  readonly tenant?: string | undefined;
  /** Sent with every call. */
  readonly token?: (() => string) | undefined;
  /** Counts the calls. */
  readonly metrics?: Metrics | undefined;
};

/** One outgoing call: its metadata, its deadline, and its end in trace and metrics. */
export type CallScope = {
  /** Undefined for a long-lived call. */
  readonly deadlineUnixMs: number | undefined;
  /** Calls `set` with each header of the call besides its deadline. */
  addHeaders(set: (name: string, value: string) => void): void;
  /** Records success. */
  succeed(): void;
  /** Records a failure. Returns the error to throw: an AppError, or the abort as it is. */
  fail(error: unknown): unknown;
  /** Ends the span and counts the call. Without `succeed` or `fail` before, the consumer has stopped reading. */
  end(): void;
};

/** Opens the calls of a connection. */
export type OpenCall = (
  path: string,
  extras: { readonly timeoutMs?: number | undefined; readonly tenant?: string | undefined },
) => CallScope;

/**
 * Creates the scopes of the calls of a connection to `address`. They propagate trace and tenant, limit the deadline to that of the
 * running call, and convert failures to AppErrors.
 */
export function createOpenCall(
  address: string,
  { timeoutMs: defaultMs = 30_000, tenant: defaultTenant, token, metrics }: CallDefaults,
): OpenCall {
  const server = toServerAttributes(address);
  const toAttributes = (method: string) => ({ "rpc.system.name": "grpc", "rpc.method": method, ...server });
  const observeDuration = metrics && createCallDurations(metrics, "rpc_client_call_duration_seconds");

  return (path, { timeoutMs = defaultMs, tenant: ownTenant }) => {
    const facts = callInfo();
    const method = path.slice(1);
    const span = isTraced(path) ? openSpan(method, { kind: "client", attributes: toAttributes(method) }) : noSpan;
    const tenant = ownTenant ?? facts.tenant ?? defaultTenant;
    const startMs = performance.now();
    let code = Status.CANCELLED;
    return {
      deadlineUnixMs: isLongLived(path)
        ? undefined
        : Math.min(Date.now() + timeoutMs, facts.deadlineUnixMs ?? Number.POSITIVE_INFINITY),
      addHeaders(set) {
        injectTrace(set, span);
        if (tenant) set(tenantKey, tenant);
        if (token) set("authorization", `Bearer ${token()}`);
      },
      succeed() {
        code = Status.OK;
      },
      fail(error) {
        if (isAbort(error)) return error;
        const failure = fromRpcError(error);
        // Without a status of the server, the failure is ours: a deadline, or requests that could not be read.
        code = error instanceof ClientError ? error.code : statusOf(failure.reason);
        if (isServerError(statusOf(failure.reason))) span.fail(failure.reason);
        else span.set({ "error.type": failure.reason });
        return failure;
      },
      end() {
        span.set({ "rpc.status_code": Status[code] });
        span.end();
        observeDuration?.(path, code, (performance.now() - startMs) / 1000);
      },
    };
  };
}
