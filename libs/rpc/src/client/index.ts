// What a program that only calls needs. A second entry, because a server with its limits is 40 modules, which a short command would load for nothing.
export { HealthDefinition } from "nice-grpc-server-health/lib/proto/grpc/health/v1/health.js";
export { openRpcTls, type RpcTls } from "../tls.ts";
export { chunkBytes, splitHeader, toChunks } from "../transfer/chunks.ts";
export { openResumable } from "../transfer/open-resumable.ts";
export { createBackoff } from "./backoff.ts";
export { connectRpc, type RpcClient, type RpcConnection, waitForReady } from "./connect.ts";
export { restartable } from "./retry-refused.ts";
