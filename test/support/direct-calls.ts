import {
  BackgroundServiceDefinition,
  EffectsServiceDefinition,
  type Encoding,
  ImageFormat,
  IngestServiceDefinition,
  type PictureHeader,
  type Step,
  UpscaleServiceDefinition,
} from "@pixelmesh/proto";
import { connectRpc, type RpcConnection, toChunks } from "@pixelmesh/rpc";
import type { TestMesh } from "@pixelmesh/testing";

type Operation = NonNullable<Step["operation"]>;
type Part = { readonly $case: string; readonly value: unknown };
type Answer = AsyncIterable<{ part?: Part | undefined }>;

const png: Encoding = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };

/** Runs one operation by its service's own rpc, without a job. Resolves with the header and the encoded picture. */
export async function callDirect(
  mesh: TestMesh,
  operation: Operation,
  bytes: Uint8Array,
  encoding: Encoding = png,
): Promise<{ readonly header: PictureHeader; readonly bytes: Buffer }> {
  const connections: RpcConnection[] = [];
  const connect = (name: string) => {
    const address = mesh.processes().find((process) => process.name === name)?.grpc ?? "";
    const connection = connectRpc(address, { timeoutMs: 200_000 });
    connections.push(connection);
    return connection;
  };
  try {
    return await collect(startCall(connect, operation, bytes, encoding));
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function* upload<H>(header: H, bytes: Uint8Array) {
  yield { part: { $case: "header" as const, value: header } };
  for (const value of toChunks(bytes)) yield { part: { $case: "chunk" as const, value } };
}

type Connect = (name: string) => RpcConnection;
type ValueOf<C extends Operation["$case"]> = Extract<Operation, { $case: C }>["value"];

/** Starts the direct call of each operation; undefined where the operation has none. */
const calls: {
  readonly [C in Operation["$case"]]:
    | ((connect: Connect, operation: ValueOf<C>, bytes: Uint8Array, encoding: Encoding) => Answer)
    | undefined;
} = {
  prescale: (connect, operation, bytes, encoding) =>
    connect("ingest").client(IngestServiceDefinition).prescaleImage(upload({ operation, encoding }, bytes)),
  upscale: (connect, operation, bytes, encoding) =>
    connect("upscale").client(UpscaleServiceDefinition).upscaleImage(upload({ operation, encoding }, bytes)),
  removeBackground: (connect, operation, bytes, encoding) =>
    connect("background").client(BackgroundServiceDefinition).removeBackground(upload({ operation, encoding }, bytes)),
  replaceBackground: undefined,
  remoteModel: undefined,
  applyEffects: (connect, operation, bytes, encoding) =>
    connect("effects").client(EffectsServiceDefinition).applyEffects(upload({ operation, encoding }, bytes)),
};

function startCall<C extends Operation["$case"]>(
  connect: Connect,
  { $case, value }: { readonly $case: C; readonly value: ValueOf<C> },
  bytes: Uint8Array,
  encoding: Encoding,
): Answer {
  const call = calls[$case] as ((...from: [Connect, ValueOf<C>, Uint8Array, Encoding]) => Answer) | undefined;
  if (call === undefined) throw new TypeError(`No service does ${$case} without a job`);
  return call(connect, value, bytes, encoding);
}

async function collect(answer: Answer): Promise<{ readonly header: PictureHeader; readonly bytes: Buffer }> {
  const chunks: Uint8Array[] = [];
  let header: PictureHeader | undefined;
  for await (const { part } of answer) {
    if (part?.$case === "header") header = part.value as PictureHeader;
    else if (part?.$case === "chunk") chunks.push(part.value as Uint8Array);
  }
  if (!header) throw new Error("A direct call ended without a header");
  return { header, bytes: Buffer.concat(chunks) };
}
