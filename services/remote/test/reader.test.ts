import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, defaultLimits } from "@pixelmesh/imaging";
import { bombs } from "@pixelmesh/testing/pictures";
import { startHttpReceiver } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createProvider } from "../src/providers/create-provider.ts";
import { drawPicture, type OpenFake, openFake } from "./support/open-fake.ts";
import { countInverted, readAll } from "./support/read-pixels.ts";

let open: OpenFake;
beforeAll(async () => {
  open = await openFake({ behaviours: { "*": { pictures: 8 } } });
});
afterAll(() => open[Symbol.asyncDispose]());
beforeEach(() => open.fake.control.reset());

const soon = () => AbortSignal.timeout(60_000);

async function filesOf(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** Runs a prediction and returns its output. */
async function predict(): Promise<unknown> {
  const provider = open.provider("replicate");
  const started = await provider.start(open.call("r"), soon());
  const answer = await provider.wait(
    open.model("r"),
    started.kind === "prediction" ? started.id : "",
    soon(),
    () => {},
  );
  return answer.output;
}

const read = (output: unknown, changes: Parameters<typeof readAll>[2] = {}) =>
  readAll(open.provider("replicate"), output, changes);

test("one of several pictures is fetched and decoded alone", async () => {
  const output = await predict();
  const [picture, ...others] = await read(output, { result: 3 });
  expect([picture?.index, picture?.info.widthPx, others.length]).toEqual([3, 38, 0]);
  const files = (await open.fake.control.requests()).filter(({ path }) => path.startsWith("/files/"));
  expect(files.map(({ path }) => path)).toEqual([expect.stringMatching(/out-2\.png$/)]);
  await expect(read(output, { result: 9 })).rejects.toMatchObject({
    reason: "PROVIDER_REFUSED",
    message: expect.stringContaining("8 pictures"),
  });
});

test("at most 4 pictures are fetched at once, and in parallel", async () => {
  const { sent } = await drawPicture();
  const held: ServerResponse[] = [];
  let most = 0;
  await using server = await startHttpReceiver((_, response, next) => {
    held.push(response);
    most = Math.max(most, held.length);
    // With less than 4 at once the test would stand still; a fifth one has time to come.
    if (held.length < 4 && next < 9) return;
    setTimeout(() => {
      for (const each of held.splice(0)) each.writeHead(200, { "content-type": "image/png" }).end(sent.bytes);
    }, 50);
  });
  const provider = createProvider(
    { ...open.manifest.providers[0]!, resultHosts: [server.host], privateHosts: [open.fake.host, server.host] },
    { userAgent: "pixelmesh/test" },
  );
  const pictures = await readAll(
    provider,
    Array.from({ length: 10 }, (_, at) => server.url(`/${at}`)),
  );
  expect(pictures.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(most).toBe(4);
});

test("a file that is cut or fails twice is read again, a third failure is told", async () => {
  const output = await predict();
  await open.fake.control.fail({ at: "file", times: 1, cut: "in_body" });
  await open.fake.control.fail({ at: "file", times: 1, status: 503 });
  expect(await countInverted(await read(output))).toBe(8);
  await open.fake.control.fail({ at: "file", status: 500 });
  await expect(read(output, { result: 1 })).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    message: expect.stringMatching(
      /does not give its result at `127\.0\.0\.1:\d+`: its server answered with status 500/,
    ),
  });
});

test.each([
  ["HTML", "<!doctype html><html></html>", "got HTML"],
  ["a text", "sorry", "got bytes of no known type"],
  ["a ZIP", "PK\x03\x04zip", "got ZIP"],
  ["an SVG", "<svg xmlns='http://www.w3.org/2000/svg'/>", "got SVG"],
  ["nothing", "", "got no bytes"],
  ["a damaged PNG", "\u0089PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"],
])("%s in place of a picture is named, also where it is announced as one", async (_, body, text) => {
  const output = await predict();
  await open.fake.control.fail({ at: "file", status: 200, body, headers: { "content-type": "image/png" } });
  await expect(read(output, { result: 1 })).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    message: expect.stringContaining(text),
  });
});

test.each([
  ["http://127.0.0.1:1/secret"],
  ["http://169.254.169.254/latest/meta-data/"],
  ["http://[::1]:80/"],
  ["http://10.0.0.1/"],
  ["https://user:pw@replicate.delivery/a.png"],
  ["https://example.com/a.png"],
  ["file:///etc/passwd"],
])("an address or a redirect to %s is not read", async (location) => {
  const output = await predict();
  await open.fake.control.fail({ at: "file", status: 302, headers: { location } });
  await expect(read(output, { result: 1 })).rejects.toMatchObject({ reason: "URL_NOT_ALLOWED" });
  if (!location.startsWith("file:"))
    await expect(read(location)).rejects.toMatchObject({
      reason: "URL_NOT_ALLOWED",
      message: expect.stringContaining("`resultHosts`"),
    });
});

test("the host of the API is no host of results, unless it is the only one", async () => {
  const address = `${open.fake.url}/v1/predictions`;
  await expect(read(address)).rejects.toMatchObject({ reason: "URL_NOT_ALLOWED" });
  const provider = createProvider({ ...open.manifest.providers[0]!, resultHosts: [] }, { userAgent: "pixelmesh/test" });
  // It is read, without the token.
  await expect(readAll(provider, address)).rejects.toMatchObject({ message: expect.stringContaining("status 401") });
});

test("a file above the limit of bytes is not read to its end", async () => {
  const output = await predict();
  const limits = { ...defaultLimits, maxBytes: 1024 * 1024 };
  await open.fake.control.fail({ at: "file", hugeBytes: 200 * 1024 * 1024 });
  await expect(read(output, { result: 1, limits })).rejects.toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
  await expect.poll(async () => (await open.fake.control.stats()).openConnections).toBeLessThan(3);
  expect((await open.fake.control.stats()).hugeBytesSent).toBeLessThan(30 * 1024 * 1024);
});

test("pictures above the limits of pixels, sides and bytes are refused, also in base64 and streams", async () => {
  const bytes = await sharp({ create: { width: 600, height: 400, channels: 3, background: "#123" } })
    .png()
    .toBuffer();
  const uri = `data:image/png;base64,${bytes.toString("base64")}`;
  const cases = [{ maxOutputPixels: 239_999 }, { maxSidePx: 599 }, { maxBytes: bytes.length - 1 }];
  for (const change of cases)
    for (const output of [uri, bytes, new Blob([new Uint8Array(bytes)]).stream()])
      await expect(read(output, { limits: { ...defaultLimits, ...change } })).rejects.toMatchObject({
        reason: "OUTPUT_TOO_LARGE",
      });
  // Results may be larger than inputs.
  expect(await read(uri, { limits: { ...defaultLimits, maxInputPixels: 1, maxOutputPixels: 240_000 } })).toHaveLength(
    1,
  );
  for (const { name, make, reason } of bombs) {
    // A mistake of the answer is none of the caller's picture.
    const isLimit = reason.startsWith("IMAGE_TOO") || reason === "IMAGE_SIDE_TOO_LONG";
    const wanted = isLimit ? /^OUTPUT_TOO_LARGE$/ : /^(PROVIDER_FAILED|DEADLINE_EXCEEDED)$/;
    const limits = { ...defaultLimits, maxOutputPixels: 99_999_999 };
    const failure = await read(await make(), { limits }).catch((error) => error);
    expect([name, failure.reason]).toEqual([name, expect.stringMatching(wanted)]);
  }
});

test.each([
  ["a text", "I cannot do that", "a text of 16 characters"],
  ["null", null, "nothing"],
  ["an empty list", [], "an empty list"],
  ["an object", { seed: 1, has_nsfw: true }, "an object with seed, has_nsfw"],
  ["base64 that is none", { b64_json: "§§§" }, "not valid base64"],
])("an output that is %s is named", async (_, output, text) => {
  await expect(read(output)).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    message: expect.stringContaining(text),
  });
});

test("an empty base64 beside an address is no picture", async () => {
  const url = await predict();
  const [first] = Array.isArray(url) ? url : [url];
  const pictures = await read({ data: [{ b64_json: "", url: first }] });
  expect(pictures.map(({ info }) => info.widthPx)).toEqual([40]);
});

test("if one picture fails, the files of the others are removed and their fetches end", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-reader-"));
  const frameStore = createFrameStore(async () => dir, 100);
  try {
    const { sent } = await drawPicture();
    const output = [sent.bytes, sent.bytes, sent.bytes, Buffer.from("no picture")];
    await expect(read(output, { frameStore })).rejects.toMatchObject({
      reason: "PROVIDER_FAILED",
      message: expect.stringContaining("Picture 4"),
    });
    expect(await filesOf(dir)).toEqual([]);
    expect(await read(sent.bytes, { frameStore })).toHaveLength(1);
    expect(await filesOf(dir)).toHaveLength(1);
  } finally {
    await frameStore.close();
    await rm(dir, { recursive: true, force: true });
  }
});

test("an abort ends a slow file and a stream that stands still, with the signal's reason", async () => {
  const output = await predict();
  await open.fake.control.fail({ at: "file", delayMs: 50_000 });
  const stuck = new ReadableStream<Uint8Array>({});
  for (const each of [output, stuck]) {
    const aborting = new AbortController();
    const reading = read(each, { signal: aborting.signal });
    setTimeout(() => aborting.abort(new Error("the job was cancelled")), 100);
    await expect(reading).rejects.toThrow("the job was cancelled");
  }
});
