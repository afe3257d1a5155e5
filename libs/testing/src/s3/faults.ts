import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { S3Answer } from "./operations.ts";
import { S3Failure, toFailureDocument } from "./s3-failure.ts";
import type { S3Operation } from "./s3-request.ts";

/** A failure on command. */
export type S3Fault = {
  /** Default: any operation. */
  readonly operation?: S3Operation;
  /** How many requests fail; default 1. */
  readonly times?: number;
  /** How many matching requests pass before; default 0. */
  readonly skip?: number;
  readonly how:
    | { readonly kind: "status"; readonly status: number; readonly code: string; readonly message?: string }
    /** The operation is done, and the connection breaks before the answer. */
    | { readonly kind: "lostAnswer" }
    /** The connection breaks before the operation is done. */
    | { readonly kind: "reset" }
    /** The operation is not done, and nothing is answered. */
    | { readonly kind: "silence" }
    /** The body breaks off after some bytes: the connection breaks, or nothing more comes. */
    | { readonly kind: "cut" | "stall"; readonly afterBytes: number }
    /** The answer comes late. */
    | { readonly kind: "late"; readonly afterMs: number }
    /** One bit of the body is wrong. */
    | { readonly kind: "flip" };
};

/** Returns the answer of a fault that takes the place of the operation; undefined if the operation is done. Status 0: no answer. */
export function toFaultAnswer({ how }: S3Fault): S3Answer | undefined {
  if (how.kind === "reset" || how.kind === "silence") return { status: 0 };
  if (how.kind !== "status") return undefined;
  const body = toFailureDocument(new S3Failure(how.status, how.code, how.message ?? how.code));
  return { status: how.status, headers: { "content-type": "application/xml" }, body };
}

/** Sends an answer, as the fault wants it. */
export async function sendFaulty(
  response: ServerResponse,
  answer: S3Answer,
  fault: S3Fault | undefined,
  isHead: boolean,
): Promise<void> {
  const how = fault?.how;
  if (how?.kind === "reset" || how?.kind === "lostAnswer") return void response.destroy();
  if (how?.kind === "silence") return;
  if (how?.kind === "late") await sleep(how.afterMs);
  const whole = Buffer.from(answer.body ?? "");
  const length = { "content-length": isHead ? (answer.headers?.["content-length"] ?? "0") : String(whole.length) };
  response.writeHead(answer.status, { ...answer.headers, ...(answer.status === 204 ? {} : length) });
  if (isHead) return void response.end();
  if (how?.kind === "cut" || how?.kind === "stall") {
    response.write(whole.subarray(0, how.afterBytes), () => {
      // Later than the bytes, so that the client has them.
      if (how.kind === "cut") setTimeout(() => response.destroy(), 20);
    });
    return;
  }
  response.end(how?.kind === "flip" ? withFlippedBit(whole) : whole);
}

function withFlippedBit(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}
