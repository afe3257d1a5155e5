import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import type { CallContext } from "nice-grpc-common";

/** Limit for names and values together. HTTP/2 itself ends streams with more than 64 KiB of headers. */
const maxMetadataBytes = 16 * 1024;

/** Throws REQUEST_TOO_LARGE, and counts it, for a call with more than 16 KiB of metadata. */
export function assertMetadataSize(path: string, metadata: CallContext["metadata"], metrics: Metrics): void {
  let bytes = 0;
  for (const [name, values] of metadata) for (const value of values) bytes += name.length + value.length;
  if (bytes <= maxMetadataBytes) return;
  const reason = "REQUEST_TOO_LARGE";
  metrics.count("pixelmesh_refused_requests_total", { rpc_method: path.slice(1), reason });
  throw new AppError(reason, `Expected up to ${maxMetadataBytes} bytes of metadata, got ${bytes}`);
}
