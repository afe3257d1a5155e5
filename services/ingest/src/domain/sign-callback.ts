import { createHmac } from "node:crypto";

/** Headers of a callback that its receiver checks (Standard Webhooks 1.0). */
export type CallbackHeaders = {
  /** The same in every attempt, so that a receiver finds repetitions. */
  readonly "webhook-id": string;
  /** Unix time of this attempt, in seconds. */
  readonly "webhook-timestamp": string;
  /** `v1,<base64>` for each secret, separated by spaces. */
  readonly "webhook-signature": string;
};

/**
 * Signs a callback: HMAC-SHA-256 over `<id>.<timestamp>.<body>` with each secret. Two secrets give two signatures, so that a receiver may know
 * either while they are replaced.
 */
export function signCallback(
  id: string,
  body: Uint8Array,
  nowUnixMs: number,
  secrets: readonly Uint8Array[],
): CallbackHeaders {
  const timestamp = String(Math.floor(nowUnixMs / 1_000));
  const signatures = secrets.map((secret) => {
    const mac = createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body);
    return `v1,${mac.digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
