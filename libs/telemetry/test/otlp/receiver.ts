import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { type handleUnaryCall, type Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import { decodeJson, decodeJsonLogs } from "./decode-json.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import type { ReceivedLog, ReceivedSpan } from "./received.ts";

/** A request of an exporter. */
export type ReceivedRequest = { readonly path: string; readonly headers: IncomingHttpHeaders };

/** A receiver of traces. */
export type OtlpReceiver = {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  spans(): readonly ReceivedSpan[];
  requests(): readonly ReceivedRequest[];
  /** The log records that came as JSON. */
  logs(): readonly ReceivedLog[];
  [Symbol.asyncDispose](): Promise<void>;
};

/** How a receiver answers: after `delayMs` (default 0), with an HTTP status (default 200). Read at each request. */
export type Behaviour = { delayMs?: number; status?: number };

/** Starts a receiver of OTLP over HTTP in this process. It stores the spans of each request that it answers with 200, protobuf or JSON. */
export async function startHttpReceiver(behaviour: Behaviour = {}): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const requests: ReceivedRequest[] = [];
  const server = createServer(async (request, response) => {
    const sent = Buffer.concat(await Array.fromAsync(request));
    const { delayMs = 0, status = 200 } = behaviour;
    requests.push({ path: request.url ?? "", headers: request.headers });
    await sleep(delayMs);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    const isJson = request.headers["content-type"] === "application/json";
    if (status === 200 && request.url?.endsWith("/v1/logs")) logs.push(...decodeJsonLogs(body.toString()));
    else if (status === 200) spans.push(...(isJson ? decodeJson(body.toString()) : decodeProtobuf(body)));
    response.writeHead(status, { "content-type": request.headers["content-type"] ?? "" }).end(isJson ? "{}" : "");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    requests: () => requests,
    logs: () => logs,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Starts a receiver of OTLP over gRPC in this process. */
export async function startGrpcReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const requests: ReceivedRequest[] = [];
  const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  const same = (bytes: Buffer) => bytes;
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const handle: handleUnaryCall<Buffer, Buffer> = ({ request, metadata }, answer) => {
    requests.push({ path, headers: toHeaders(metadata) });
    spans.push(...decodeProtobuf(request));
    // An empty ExportTraceServiceResponse: everything was taken.
    answer(null, Buffer.alloc(0));
  };
  const server = new Server();
  server.addService({ export: method }, { export: handle });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    url: `http://127.0.0.1:${port}`,
    spans: () => spans,
    requests: () => requests,
    logs: () => [],
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

const toHeaders = (metadata: Metadata): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(metadata.getMap()).map(([name, value]) => [name, String(value)]));
