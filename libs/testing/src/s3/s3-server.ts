import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import type { S3Bucket } from "./bucket.ts";
import { type S3Fault, sendFaulty, toFaultAnswer } from "./faults.ts";
import { operations, type S3Abilities, type S3Answer } from "./operations.ts";
import { S3Failure, toFailureDocument } from "./s3-failure.ts";
import { readRequest, type S3Operation, type S3Request, type S3Signing } from "./s3-request.ts";

/** A request that the server answered; status 0: it was not answered. */
export type S3LogLine = {
  readonly operation: S3Operation | "refused";
  readonly style: "path" | "host";
  readonly key: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
};

/** A small S3 server for tests. */
export type S3Server = AsyncDisposable & {
  readonly endpoint: string;
  readonly bucket: string;
  readonly signing: S3Signing;
  readonly content: S3Bucket;
  readonly log: S3LogLine[];
  /** Makes requests fail until the fault's `times` are used up. Faults are tried in the order of their announcement. */
  fail(fault: S3Fault): void;
  /** Ends all faults. */
  heal(): void;
  /** Returns how many requests of an operation arrived. */
  count(operation: S3Operation): number;
  /** Returns how many connections are open. */
  connections(): Promise<number>;
};

/** Options of a server. */
export type S3ServerOptions = Partial<S3Signing & S3Abilities> & { readonly bucket?: string };

/**
 * Starts a server of one bucket on loopback, in this process. It checks each signature (AWS Signature Version 4), payload hash, checksum, part and range
 * as S3 does, and fails on command. Everything is in memory.
 */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { bucket = "pictures", unixMs = Date.now } = options;
  const signing = { accessKey: "test-key", secretKey: "test-secret", region: "eu-test-1", ...options, unixMs };
  const abilities = { quotaBytes: Number.POSITIVE_INFINITY, conditionalPuts: true, ...options, unixMs };
  const content: S3Bucket = { objects: new Map(), uploads: new Map() };
  const log: S3LogLine[] = [];
  let faults: { fault: S3Fault; left: number; skip: number }[] = [];

  function takeFault(request: S3Request): S3Fault | undefined {
    for (const each of faults) {
      const { operation } = each.fault;
      if (each.left <= 0 || (operation !== undefined && operation !== request.operation)) continue;
      if (each.skip > 0) {
        each.skip -= 1;
        continue;
      }
      each.left -= 1;
      return each.fault;
    }
    return undefined;
  }

  function toAnswer(request: S3Request): S3Answer {
    if (request.bucket !== bucket) throw new S3Failure(404, "NoSuchBucket", "The specified bucket does not exist");
    return operations[request.operation](request, content, abilities);
  }

  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let request: S3Request | undefined;
    let fault: S3Fault | undefined;
    let answer: S3Answer;
    try {
      request = await readRequest(incoming, host, signing);
      fault = takeFault(request);
      answer = (fault && toFaultAnswer(fault)) ?? toAnswer(request);
    } catch (error) {
      if (response.destroyed) return;
      answer = toFailureAnswer(error);
    }
    const { operation = "refused", style = "path", key = "", headers = {} } = request ?? {};
    log.push({ operation, style, key, status: answer.status, headers });
    // Clients correct their clocks by it.
    response.setHeader("date", new Date(unixMs()).toUTCString());
    await sendFaulty(response, answer, fault, incoming.method === "HEAD");
  }

  const server = createServer((incoming, response) => void respond(incoming, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint: `http://${host}`,
    bucket,
    signing,
    content,
    log,
    fail(fault) {
      faults.push({ fault, left: fault.times ?? 1, skip: fault.skip ?? 0 });
    },
    heal() {
      faults = [];
    },
    count: (operation) => log.filter((line) => line.operation === operation).length,
    connections: () => promisify(server.getConnections.bind(server))(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function toFailureAnswer(error: unknown): S3Answer {
  const failure = error instanceof S3Failure ? error : new S3Failure(500, "InternalError", String(error));
  return { status: failure.status, headers: { "content-type": "application/xml" }, body: toFailureDocument(failure) };
}
