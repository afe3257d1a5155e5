import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A received span. */
export type ReceivedSpan = {
  readonly service: string;
  readonly version: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly isError: boolean;
};

/** Starts a receiver of OTLP over HTTP in this process that stores every span. */
export async function startOtlpReceiver() {
  const spans: ReceivedSpan[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request));
    spans.push(...decodeRequest(request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body));
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: (): readonly ReceivedSpan[] => spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Fields = Map<number, (Uint8Array | bigint | number)[]>;

/** Reads the fields of a protobuf message by number, undecoded. The contract is opentelemetry-proto's trace/v1. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const value =
      type === WireType.LengthDelimited
        ? reader.bytes()
        : type === WireType.Varint
          ? reader.int64()
          : type === WireType.Bit64
            ? reader.double()
            : reader.fixed32();
    fields.set(number, [...(fields.get(number) ?? []), value as Uint8Array | bigint | number]);
  }
  return fields;
}

const messages = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
const bytesOf = (fields: Fields, number: number) => (fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array;
const textOf = (fields: Fields, number: number) => Buffer.from(bytesOf(fields, number)).toString();
const hexOf = (fields: Fields, number: number) => Buffer.from(bytesOf(fields, number)).toString("hex");

function attributesOf(fields: Fields, number: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(fields, number).map((pair) => {
      const [value] = messages(pair, 2);
      const [kind, [given] = []] = [...(value ?? new Map())][0] ?? [];
      if (kind === 1) return [textOf(pair, 1), Buffer.from(given as Uint8Array).toString()];
      return [textOf(pair, 1), kind === 2 ? Number(given) === 1 : Number(given)];
    }),
  );
}

function decodeRequest(body: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const [resource] = messages(resourceSpans, 1);
    const { "service.name": name, "service.version": version } = attributesOf(resource ?? new Map(), 1);
    const service = String(name);
    return messages(resourceSpans, 2).flatMap((scope) =>
      messages(scope, 2).map((span) => ({
        service,
        version: String(version),
        traceId: hexOf(span, 1),
        spanId: hexOf(span, 2),
        parentSpanId: hexOf(span, 4),
        name: textOf(span, 5),
        kind: Number(span.get(6)?.[0] ?? 0),
        attributes: attributesOf(span, 9),
        events: messages(span, 11).map((event) => textOf(event, 2)),
        isError: messages(span, 15).some((status) => Number(status.get(3)?.[0] ?? 0) === 2),
      })),
    );
  });
}
