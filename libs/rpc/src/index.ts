export type { ServiceImplementation } from "nice-grpc";
export type { CallContext } from "nice-grpc-common";
export { type Backoff, createBackoff, isRetriedByClients } from "./client/backoff.ts";
export {
  type CallExtras,
  type ConnectOptions,
  connectRpc,
  type RpcClient,
  type RpcConnection,
  waitForReady,
} from "./client/connect.ts";
export { restartable } from "./client/retry-refused.ts";
export { fromRpcError, toRpcError } from "./errors/convert-errors.ts";
export { statusOf } from "./errors/statuses.ts";
export { connectRaw, type RawConnection } from "./forward/connect-raw.ts";
export type { RawCall } from "./forward/raw-call.ts";
export { type GeneratedService, type ServiceMethod, toRawService } from "./forward/raw-service.ts";
export { type ByteBudget, type ByteBudgetOptions, type ByteShare, createByteBudget } from "./limits/byte-budget.ts";
export { type CallGate, type CallLimits, limitCalls } from "./limits/call-limits.ts";
export { onceSent } from "./limits/once-sent.ts";
export { maxUntakenRequests, takeEach } from "./limits/read-ahead.ts";
export { createHealth, type Health, HealthDefinition } from "./server/health.ts";
export { readBearerToken, type TokenCheck } from "./server/stages/authorize.ts";
export { type RpcServer, type RpcServerOptions, startRpcServer } from "./server/start-server.ts";
export { openRpcTls, type RpcTls, type RpcTlsOptions } from "./tls.ts";
export { chunkBytes, missingEndError, splitHeader, toChunks } from "./transfer/chunks.ts";
export { type CollectOptions, coalesceChunks, collectBytes, uploadOverheadBytes } from "./transfer/collect-bytes.ts";
export { openResumable, type Resumable, type ResumeOptions } from "./transfer/open-resumable.ts";
export { createSendQueue, type SendQueue } from "./transfer/send-queue.ts";
export { maxSmallBlobBytes } from "./transfer/small-blobs.ts";
