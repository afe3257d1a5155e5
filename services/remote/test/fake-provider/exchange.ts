import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint, Fault } from "./behaviour.ts";

/** A request with its body. */
export type FakeRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** An answer. */
export type FakeAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | string | AsyncIterable<string>;
};

/** A call whose kind and model are known. */
export type FakeCall = { readonly at: Endpoint; readonly model: string; readonly act: () => Promise<FakeAnswer> };

const maxBodyBytes = 256 * 1024 * 1024;

/** Reads a request. */
export async function readRequest(request: IncomingMessage, origin: string): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new Error("The body is too long");
    chunks.push(chunk);
  }
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const);
  return {
    method: request.method ?? "",
    url: new URL(request.url ?? "/", origin),
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks),
  };
}

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): FakeAnswer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** Parses a body. Undefined for other text. */
export function parseBody(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Sends the answer of a call, or what a fault makes of it. Returns the status that was sent; 0: none. */
export async function sendAnswer(
  response: ServerResponse,
  call: FakeCall,
  fault: Fault | undefined,
  onHugeBytes: (bytes: number) => void,
): Promise<number> {
  if (fault === undefined) return send(response, await call.act());
  const { afterwards = false, delayMs = 0, status, headers = {}, body, cut, hugeBytes } = fault;
  const answer = afterwards || cut === "in_body" ? await call.act() : undefined;
  if (delayMs > 0) await sleep(delayMs);
  if (hugeBytes !== undefined) return sendHuge(response, hugeBytes, onHugeBytes);
  if (cut === "before_answer") {
    response.destroy();
    return 0;
  }
  if (cut === "in_body" && answer !== undefined) return sendHalf(response, answer);
  if (status !== undefined || body !== undefined)
    return send(response, { status: status ?? 200, headers, body: body ?? "" });
  return send(response, answer ?? (await call.act()));
}

async function send(response: ServerResponse, { status, headers = {}, body }: FakeAnswer): Promise<number> {
  if (typeof body === "string" || Buffer.isBuffer(body)) {
    response.writeHead(status, { "content-length": String(Buffer.byteLength(body)), ...headers }).end(body);
    return status;
  }
  response.writeHead(status, headers);
  for await (const text of body) response.write(text);
  response.end();
  return status;
}

async function sendHalf(response: ServerResponse, { status, headers = {}, body }: FakeAnswer): Promise<number> {
  const whole =
    typeof body === "string" || Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.from(await collect(body));
  response.writeHead(status, { ...headers, "content-length": String(whole.length) });
  await new Promise<void>((done) => response.write(whole.subarray(0, whole.length >> 1), () => done()));
  response.destroy();
  return status;
}

async function collect(body: AsyncIterable<string>): Promise<string> {
  return (await Array.fromAsync(body)).join("");
}

async function sendHuge(response: ServerResponse, bytes: number, onBytes: (bytes: number) => void): Promise<number> {
  response.writeHead(200, { "content-type": "image/png" });
  response.write(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  const block = Buffer.alloc(64 * 1024);
  const closing = new AbortController();
  const closed = once(response, "close").then(() => closing.abort());
  for (let sent = 0; sent < bytes && !response.destroyed; sent += block.length) {
    const isTaken = response.write(block);
    onBytes(block.length);
    if (!isTaken) await Promise.race([once(response, "drain", { signal: closing.signal }), closed]).catch(() => {});
  }
  response.end();
  return 200;
}
