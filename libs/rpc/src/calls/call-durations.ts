import type { Metrics } from "@pixelmesh/telemetry";
import { Status } from "nice-grpc-common";

/** Returns a function that observes the duration of a call by path (`/package.Service/Method`) and status. */
export function createCallDurations(
  metrics: Metrics,
  name: "rpc_client_call_duration_seconds" | "rpc_server_call_duration_seconds",
): (path: string, code: Status, seconds: number) => void {
  const toLabels = (path: string, code: Status) => {
    const status = Status[code] ?? "UNKNOWN";
    return {
      rpc_system_name: "grpc",
      rpc_method: path.slice(1),
      rpc_response_status_code: status,
      error_type: code === Status.OK ? "" : status,
    };
  };
  const observeOk = metrics.observeBy(name, (path: string) => toLabels(path, Status.OK));
  return (path, code, seconds) => {
    if (code === Status.OK) observeOk(path, seconds);
    else metrics.observe(name, toLabels(path, code), seconds);
  };
}
