import { type CallInfo, openEntry } from "@pixelmesh/telemetry";
import { type CallContext, Status } from "nice-grpc-common";
import { isTraced } from "../../calls/method-kinds.ts";
import { tenantKey } from "../../calls/tenant-key.ts";
import { isServerError } from "../../errors/server-fault.ts";

/** Enters the caller's trace (or a new one) with a span for the call, and sets the tenant and the facts of the call. */
export function enterCall(path: string, metadata: CallContext["metadata"], info: CallInfo) {
  const tenant = metadata.get(tenantKey);
  const method = path.slice(1);
  const attributes = { "rpc.system.name": "grpc", "rpc.method": method };
  const { span, run, bind } = openEntry(
    (name) => metadata.get(name)?.toString(),
    isTraced(path) ? { name: method, options: { kind: "server", attributes } } : undefined,
    tenant ? { ...info, tenant } : info,
  );
  return {
    run,
    bind,
    /** Ends the span with the call's status. */
    end(code: Status): void {
      span.set({ "rpc.status_code": Status[code] });
      if (isServerError(code)) span.fail(Status[code] ?? "UNKNOWN");
      span.end();
    },
  };
}
