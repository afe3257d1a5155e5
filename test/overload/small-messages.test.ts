import {
  ApplyEffectsRequest,
  CreateJobRequest,
  InspectImageRequest,
  PrescaleImageRequest,
  PutBlobRequest,
  RemoveBackgroundRequest,
  UpscaleImageRequest,
} from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { robot } from "@pixelmesh/testing/jobs";
import { readPeakMemory, resetPeakMemory } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectRaw, frameOf, type RawCall } from "../support/raw-grpc.ts";

const mib = 1024 * 1024;
const wireBytes = 22 * mib;
/** Growth of the process that one call may cause; the fault caused 500 MiB. */
const mostMib = 100;

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh();
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

type Stream = {
  readonly service: string;
  readonly path: string;
  /** Messages before the chunks. */
  readonly begin: readonly Uint8Array[];
  readonly chunk: (value: Uint8Array) => Uint8Array;
};

const scale = { operation: { scale: 2, model: "" } };
const encodeJob = (part: Parameters<typeof CreateJobRequest.fromPartial>[0]["part"]) =>
  CreateJobRequest.encode(CreateJobRequest.fromPartial({ part })).finish();
const jobHeader = encodeJob({
  $case: "header",
  value: {
    pipeline: { steps: [{ id: "s", operation: { $case: "prescale", value: { maxSidePx: 8 } } }], outputs: [] },
  },
});
type Codec<T> = { encode(message: T): { finish(): Uint8Array }; fromPartial(message: never): T };
const partsOf = <T>({ encode, fromPartial }: Codec<T>) => ({
  header: (value: object) => encode(fromPartial({ part: { $case: "header", value } } as never)).finish(),
  chunk: (value: Uint8Array) => encode(fromPartial({ part: { $case: "chunk", value } } as never)).finish(),
});
const direct = <T>(service: string, path: string, codec: Codec<T>, header: object): Stream => {
  const parts = partsOf(codec);
  return { service, path, begin: [parts.header(header)], chunk: parts.chunk };
};

const streams: readonly Stream[] = [
  {
    service: "ingest",
    path: "/pixelmesh.jobs.v1.JobService/CreateJob",
    begin: [jobHeader, encodeJob({ $case: "upload", value: { name: "source" } })],
    chunk: (value) => encodeJob({ $case: "chunk", value }),
  },
  {
    service: "ingest",
    path: "/pixelmesh.ingest.v1.IngestService/InspectImage",
    begin: [],
    // proto3 omits empty fields. They are written here, as a client in another language may do.
    chunk: (chunk) => (chunk.length ? InspectImageRequest.encode({ chunk }).finish() : Uint8Array.of(0x0a, 0)),
  },
  direct("ingest", "/pixelmesh.ingest.v1.IngestService/PrescaleImage", PrescaleImageRequest, {
    operation: { maxSidePx: 8 },
  }),
  direct("storage", "/pixelmesh.storage.v1.StorageService/PutBlob", PutBlobRequest, { sizeBytes: 60_000 }),
  direct("storage", "/pixelmesh.storage.v1.StorageService/PutBlob", PutBlobRequest, {}),
  direct("effects", "/pixelmesh.effects.v1.EffectsService/ApplyEffects", ApplyEffectsRequest, {
    operation: { effects: [{ name: "dither" }] },
  }),
  direct("upscale", "/pixelmesh.upscale.v1.UpscaleService/UpscaleImage", UpscaleImageRequest, scale),
  direct("background", "/pixelmesh.background.v1.BackgroundService/RemoveBackground", RemoveBackgroundRequest, {}),
];

const find = (service: string) => {
  const found = mesh.processes().find(({ name }) => name === service);
  if (!found) throw new Error(`No process of ${service}`);
  return found;
};

/** Sends `block` until `wireBytes` are sent or the call ended, then half-closes and reads the end of the call. */
async function flood(call: RawCall, begin: Uint8Array, block: Uint8Array, bytes = wireBytes) {
  await call.write(begin);
  for (let sent = 0; sent < bytes; sent += block.length) if (!(await call.write(block))) break;
  call.stream.end();
  return await call.read();
}

const repeated = (message: Uint8Array, bytes = 64 * 1024) =>
  Buffer.concat(Array.from({ length: Math.ceil(bytes / message.length) }, () => message));
const beginOf = ({ begin }: Stream) => Buffer.concat(begin.map(frameOf));

/** Runs `act` and returns the largest growth of a process meanwhile, in MiB. It must still be the same process afterwards. */
async function growthOf(service: string, act: () => Promise<void>): Promise<number> {
  const { pid } = find(service);
  const before = resetPeakMemory(pid);
  await act();
  expect(find(service).pid).toBe(pid);
  return readPeakMemory(pid) - before;
}

const floods: readonly [string, (stream: Stream) => Uint8Array][] = [
  ["empty chunks of 7 bytes", ({ chunk }) => frameOf(chunk(new Uint8Array(0)))],
  ["chunks of one byte", ({ chunk }) => frameOf(chunk(Uint8Array.of(1)))],
  ["messages of no bytes", () => frameOf(new Uint8Array(0))],
  // Field 15 is unknown: a chunk of one byte in a message of 3 KB.
  [
    "chunks of one byte beside unknown fields",
    ({ chunk }) =>
      frameOf(Buffer.concat([chunk(Uint8Array.of(1)), Buffer.from([0x7a, 0xb8, 0x17]), Buffer.alloc(3_000)])),
  ],
];

test.each(streams.map((stream) => [stream.path, stream] as const))(
  "22 MiB of messages with next to nothing in them do not make a process grow: %s",
  { timeout: 240_000 },
  async (_, stream) => {
    for (const [what, toMessage] of floods) {
      const grownMib = await growthOf(stream.service, async () => {
        const connection = await connectRaw(find(stream.service).grpc);
        const end = await flood(connection.call(stream.path), beginOf(stream), repeated(toMessage(stream)));
        connection.close();
        expect(end.status, what).toBeGreaterThan(0);
        expect(end.reason, what).not.toBe("INTERNAL");
      });
      expect(grownMib, what).toBeLessThan(mostMib);
    }
  },
);

test("many headers, many uploads and headers of many empty steps do not grow ingest", async () => {
  const createJob = streams[0] as Stream;
  const upload = frameOf(encodeJob({ $case: "upload", value: { name: "x" } }));
  // pipeline (field 1) of a header (field 1) with two million empty steps (field 1).
  const steps = Buffer.concat(Array.from({ length: 1.5 * mib }, () => Buffer.from([0x0a, 0])));
  const field = (bytes: Buffer) => {
    const length: number[] = [];
    for (let left = bytes.length; ; left = Math.floor(left / 128)) {
      if (left < 128) {
        length.push(left);
        break;
      }
      length.push((left % 128) + 128);
    }
    return Buffer.concat([Buffer.from([0x0a, ...length]), bytes]);
  };
  const blocks = [frameOf(jobHeader), upload, frameOf(field(field(steps)))];
  const grownMib = await growthOf("ingest", async () => {
    for (const block of blocks) {
      const connection = await connectRaw(find("ingest").grpc);
      const end = await flood(connection.call(createJob.path), new Uint8Array(0), repeated(block));
      connection.close();
      expect(end).toMatchObject({ status: 3 });
      expect(end.reason).not.toBe("INTERNAL");
    }
  });
  expect(grownMib).toBeLessThan(mostMib);
});

test("unfinished messages take no more than the memory for uploads, with any frames", async () => {
  const { path, service } = streams[3] as Stream;
  // A message of 4 MiB of which one byte is missing, on 100 streams: 400 MiB.
  const unfinished = frameOf(Buffer.alloc(4 * mib)).subarray(0, -1);
  const statuses: number[] = [];
  const grownMib = await growthOf(service, async () => {
    const connections = await Promise.all(Array.from({ length: 4 }, () => connectRaw(find(service).grpc)));
    const calls = Array.from({ length: 100 }, (_, at) => (connections[at % 4] ?? connections[0])!.call(path));
    const ends = calls.map((call) => call.read().then(({ status }) => statuses.push(status)));
    await Promise.all(
      calls.map(async (call) => {
        for (let at = 0; at < unfinished.length; at += 64 * 1024)
          if (!(await call.write(unfinished.subarray(at, at + 64 * 1024)))) return;
      }),
    );
    await expect.poll(() => statuses.length).toBeGreaterThan(60);
    for (const connection of connections) connection.close();
    await Promise.all(ends);
  });
  // RESOURCE_EXHAUSTED for messages above the 128 MiB for uploads.
  expect(statuses.filter((status) => status === 8).length).toBeGreaterThan(60);
  expect(grownMib).toBeLessThan(128 + mostMib);
});

test("a picture arrives one byte at a time, and a frame per byte takes no more memory", async () => {
  const { path, service, begin, chunk } = streams[1] as Stream;
  const small = robot.subarray(0, 3_000);
  const connection = await connectRaw(find(service).grpc);
  const call = connection.call(path);
  await call.write(Buffer.concat([...begin, ...[...small].map((byte) => chunk(Uint8Array.of(byte)))].map(frameOf)));
  call.stream.end();
  // The first part of a JPEG arrived: its header is enough for InspectImage.
  expect(await call.read()).toMatchObject({ status: 0 });

  const grownMib = await growthOf(service, async () => {
    const other = connection.call(path);
    const message = frameOf(chunk(Buffer.alloc(mib)));
    for (const byte of message.subarray(0, 300_000)) if (!(await other.write(Uint8Array.of(byte)))) break;
    other.stream.end();
    await other.read();
  });
  connection.close();
  expect(grownMib).toBeLessThan(mostMib);
});
