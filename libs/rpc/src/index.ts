export type { ServiceImplementation } from "nice-grpc";
export type { CallContext } from "nice-grpc-common";
export { type ByteBudget, type ByteBudgetOptions, type ByteShare, createByteBudget } from "./byte-budget.ts";
export { brokenOff, chunkBytes, splitHeader, toChunks } from "./bytes.ts";
export { boundCalls, type CallGate } from "./call-limits.ts";
export {
  type CallExtras,
  type ConnectOptions,
  connectRpc,
  type RpcClient,
  type RpcConnection,
  waitForReady,
} from "./client.ts";
export { fromRpcError, statusOf, toRpcError } from "./errors.ts";
export { createHealth, type Health, HealthDefinition } from "./health.ts";
export { bearerToken, type TokenCheck } from "./middleware/authorize.ts";
export { createOutbox, type Outbox } from "./outbox.ts";
export { restartable } from "./refused.ts";
export { type RpcServer, type RpcServerOptions, startRpcServer } from "./server.ts";
export { openRpcTls, type RpcTls, type RpcTlsOptions } from "./tls.ts";
export { type CollectOptions, coalesce, collectBytes } from "./upload.ts";
