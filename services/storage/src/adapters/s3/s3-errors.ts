import { AppError } from "@pixelmesh/errors";
import type { S3Address } from "./s3-address.ts";

/** Retry delays in milliseconds: of a full store, of a mistake in the settings, and of a server that is busy or down. */
const fullRetryAfterMs = 10_000;
const settingsRetryAfterMs = 30_000;
const busyRetryAfterMs = 2_000;
/** Most characters of the server's own text. */
const maxSaidLength = 200;

/** Codes of full stores: S3 and Ceph, MinIO, others. */
const fullCodes = new Set([
  "QuotaExceeded",
  "XMinioStorageFull",
  "XMinioAdminBucketQuotaExceeded",
  "InsufficientStorage",
  "StorageFull",
]);

const credentials =
  "give valid ones by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine or pod";
const rights =
  "allow s3:ListBucket and s3:ListBucketMultipartUploads on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects";

/** What to do about a code. `{bucket}` stands for the bucket. */
const advice: Readonly<Record<string, string>> = {
  AccessDenied: `the credentials lack a right: ${rights}`,
  AllAccessDisabled: "access to the bucket is switched off: ask the owner of the account",
  NoSuchBucket: "the bucket `{bucket}` does not exist: create it, or correct PIXELMESH_STORAGE_COLD",
  // versitygw's code for the same.
  XAdminUserNotFound: `the access key is not known there: ${credentials}`,
  InvalidAccessKeyId: `the access key is not known there: ${credentials}`,
  SignatureDoesNotMatch: `the secret key does not belong to the access key: ${credentials}`,
  ExpiredToken: `the credentials have expired: ${credentials}`,
  ExpiredTokenException: `the credentials have expired: ${credentials}`,
  InvalidToken: `the session token is not valid: ${credentials}`,
  CredentialsProviderError: `there are no credentials: ${credentials}`,
  TokenProviderError: `there are no credentials: ${credentials}`,
  RequestTimeTooSkewed: "the clocks of this machine and of the server differ by more than 15 minutes: set them",
  RequestExpired: "the clocks of this machine and of the server differ by more than 15 minutes: set them",
  AuthorizationHeaderMalformed: "the region is wrong: set PIXELMESH_STORAGE_S3_REGION",
  IllegalLocationConstraintException: "the region is wrong: set PIXELMESH_STORAGE_S3_REGION",
  PermanentRedirect: "the bucket is in another region or at another endpoint: set PIXELMESH_STORAGE_S3_REGION",
  InvalidStorageClass: "the server does not have the storage class: correct PIXELMESH_STORAGE_S3_CLASS",
  InvalidEncryptionAlgorithmError: "the server does not have the encryption: correct PIXELMESH_STORAGE_S3_ENCRYPTION",
  "KMS.NotFoundException": "the key does not exist: correct PIXELMESH_STORAGE_S3_KMS_KEY",
  "KMS.DisabledException": "the key is disabled: enable it, or correct PIXELMESH_STORAGE_S3_KMS_KEY",
  InvalidBucketName: "the name of the bucket is not valid there: correct PIXELMESH_STORAGE_COLD",
  ENOTFOUND: "its name cannot be resolved: correct PIXELMESH_STORAGE_S3_ENDPOINT or PIXELMESH_STORAGE_S3_STYLE",
  ECONNREFUSED: "nothing listens there: start it, or correct PIXELMESH_STORAGE_S3_ENDPOINT",
};

type Failure = {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number | undefined; readonly attempts?: number | undefined };
};

/** Returns the code of a failure: the one of S3's answer, else the one of the connection, else its name. */
export function codeOf(error: unknown): string {
  const { name, code } = (error ?? {}) as Failure;
  const named = typeof name === "string" && !["Error", "TypeError"].includes(name) ? name : undefined;
  // Timeouts of connections have both.
  const isTimeout = named === "TimeoutError";
  if (named !== undefined && !isTimeout) return named;
  return typeof code === "string" ? code : (named ?? "unknown");
}

/** Returns the HTTP status of the answer; undefined if there was none. */
export function statusOf(error: unknown): number | undefined {
  return ((error ?? {}) as Failure).$metadata?.httpStatusCode;
}

/** Returns how many attempts a failed request took. */
export function attemptsOf(error: unknown): number {
  return ((error ?? {}) as Failure).$metadata?.attempts ?? 1;
}

/**
 * Whether a failure says that there is no such object. The bucket may be missing too: a HEAD request does not tell. The status 404 alone says nothing,
 * because servers answer it for missing buckets and users.
 */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === "NoSuchKey" || code === "NotFound";
}

/**
 * Converts a failure of a call to STORAGE_FULL or STORAGE_UNAVAILABLE, with a retry delay, what S3 said, and what to set where a setting is at fault.
 * An AppError is returned as it is.
 */
export function toS3Error(error: unknown, { bucket }: S3Address): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const status = statusOf(error);
  const options = { metadata: { code, ...(status === undefined ? {} : { status: String(status) }) }, cause: error };
  const text = toSaid(error, code);
  if (fullCodes.has(code) || status === 507)
    return new AppError("STORAGE_FULL", `The shared store is full: S3 said ${text}`, {
      ...options,
      retryAfterMs: fullRetryAfterMs,
    });
  const known = advice[code] ?? (status === 403 ? advice.AccessDenied : undefined);
  if (known !== undefined)
    return new AppError(
      "STORAGE_UNAVAILABLE",
      `The shared store in S3 bucket \`${bucket}\` cannot be used: ${known.replace("{bucket}", bucket)} (S3 said ${text})`,
      { ...options, retryAfterMs: settingsRetryAfterMs },
    );
  return new AppError(
    "STORAGE_UNAVAILABLE",
    `The shared store in S3 bucket \`${bucket}\` does not answer as it should: ${text}`,
    {
      ...options,
      retryAfterMs: busyRetryAfterMs,
    },
  );
}

/** Returns STORAGE_UNAVAILABLE for a call that took too long. */
export function tooSlow(what: string, afterMs: number, { bucket }: S3Address, cause?: unknown): AppError {
  return new AppError(
    "STORAGE_UNAVAILABLE",
    `The shared store in S3 bucket \`${bucket}\` is too slow: ${what} took more than ${afterMs} ms`,
    { retryAfterMs: busyRetryAfterMs, metadata: { code: "Timeout" }, cause },
  );
}

function toSaid(error: unknown, code: string): string {
  const { message } = (error ?? {}) as Failure;
  const text = typeof message === "string" ? message.replace(/\s+/g, " ").slice(0, maxSaidLength) : "";
  return text === "" || text === code ? `\`${code}\`` : `\`${code}: ${text}\``;
}
