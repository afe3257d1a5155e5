import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { createRetryBudget, type RetryBudget, toBackoffMs } from "./retry-budget.ts";
import { codeOf, statusOf } from "./s3-errors.ts";
import type { S3Settings } from "./s3-fields.ts";

/** The SDK, loaded. */
export type S3Sdk = typeof import("@aws-sdk/client-s3");

/** A client with the retries that all its calls share. */
export type S3Connection = { readonly sdk: S3Sdk; readonly client: S3Client; readonly budget: RetryBudget };

type RetryStrategy = Exclude<NonNullable<S3ClientConfig["retryStrategy"]>, { retry: unknown }>;
type RetryToken = Awaited<ReturnType<RetryStrategy["acquireInitialRetryToken"]>>;

/** Failures of the client's side that a repeat may cure: another put of the key was under way; the bytes were changed on their way. */
const repeatable = new Set([
  "ConditionalRequestConflict",
  "OperationAborted",
  "BadDigest",
  "XAmzContentSHA256Mismatch",
  "IncompleteBody",
]);

/** Status codes of the server that a repeat does not cure: it lacks the function, or space. */
const lasting = new Set([501, 507]);

/** Loads the SDK, which takes time and memory, and creates a client. Nothing is connected before the first request. */
export async function connectS3(settings: S3Settings): Promise<S3Connection> {
  const sdk = await import("@aws-sdk/client-s3");
  const budget = createRetryBudget(settings.s3RetryBudget);
  const maxSockets = settings.s3Connections;
  const client = new sdk.S3Client({
    ...toPlace(settings),
    requestHandler: {
      connectionTimeout: settings.s3ConnectMs,
      requestTimeout: settings.s3PartMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets },
      httpsAgent: { keepAlive: true, maxSockets },
    },
    // The reader compares the digest of every blob, so a second checksum of the answer would only cost time.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    retryStrategy: createRetryStrategy(settings.s3Attempts, budget),
    maxAttempts: settings.s3Attempts,
  });
  return { sdk, client, budget };
}

function toPlace({ s3Endpoint, s3Region, s3Style }: S3Settings): S3ClientConfig {
  const hasEndpoint = s3Endpoint !== "";
  const region = s3Region !== "" ? s3Region : hasEndpoint ? "us-east-1" : undefined;
  return {
    ...(hasEndpoint ? { endpoint: s3Endpoint } : {}),
    // Without either, the SDK takes the region from the environment or the profile.
    ...(region === undefined ? {} : { region }),
    forcePathStyle: s3Style === "path" || (s3Style === "auto" && hasEndpoint),
  };
}

/** Retries throttling, broken connections, timeouts and failures of the server, within the budget of all calls. */
function createRetryStrategy(maxAttempts: number, budget: RetryBudget): RetryStrategy {
  const toToken = (retries: number, delayMs: number): RetryToken => ({
    getRetryCount: () => retries,
    getRetryDelay: () => delayMs,
  });
  return {
    acquireInitialRetryToken: async () => toToken(0, 0),
    async refreshRetryTokenForRetry(token, { error, errorType, retryAfterHint }) {
      const retry = token.getRetryCount() + 1;
      const isLasting = lasting.has(statusOf(error) ?? 0);
      const mayHelp = !isLasting && (errorType !== "CLIENT_ERROR" || repeatable.has(codeOf(error)));
      if (!mayHelp || retry >= maxAttempts || !budget.take()) throw error ?? new Error("No retry is left");
      const askedMs = retryAfterHint === undefined ? 0 : retryAfterHint.getTime() - Date.now();
      return toToken(retry, Math.min(5_000, Math.max(askedMs, toBackoffMs(retry))));
    },
    recordSuccess: () => budget.succeeded(),
  };
}
