import { type Channels, createFrame } from "@pixelmesh/imaging";
import { createByteBudget } from "@pixelmesh/rpc";
import { expect, test } from "vitest";
import { type PreviewSource, sentSource } from "./source.ts";
import { createSourceCopies, type SourceCopy } from "./source-copies.ts";

const never = new AbortController().signal;
const mib = 1024 * 1024;

const toSource = (sha256: string, isSent = true): PreviewSource => ({
  sha256,
  isSent,
  open: () => Promise.reject(new Error("The decode of this test reads no bytes")),
  hold: () => () => {},
  close() {},
});

/** Copies of sources of 4096×2048 pixels; each decode waits for `gate` and is listed. */
function createCopies(maxBytes: number, gate: Promise<void> = Promise.resolve(), channels: Channels = 3) {
  const decodes: string[] = [];
  const copies = createSourceCopies(maxBytes, async ({ sha256 }, signal): Promise<SourceCopy> => {
    decodes.push(sha256);
    await gate;
    signal.throwIfAborted();
    return { frame: createFrame(1_024, 512, channels), source: { widthPx: 4_096, heightPx: 2_048 } };
  });
  const get = async (tenant: string, sha256: string, sidePx: number, signal = never) => {
    const { copy, isDecoded, keptBytes } = await copies.get(tenant, toSource(sha256), sidePx, signal);
    return { size: [copy.frame.widthPx, copy.frame.heightPx, copy.frame.channels], isDecoded, keptBytes, copy };
  };
  return { copies, decodes, get };
}

test("a source is decoded once for all sizes", async () => {
  const { decodes, get } = createCopies(32 * mib);
  const largestBytes = 1_024 * 512 * 3;
  const keptBytes = largestBytes + 300 * 150 * 3;
  expect(await get("one", "a", 300)).toMatchObject({ size: [300, 150, 3], isDecoded: true, keptBytes });
  expect(await get("one", "a", 800)).toMatchObject({ size: [800, 400, 3], isDecoded: false });
  expect(await get("one", "a", 1_024)).toMatchObject({ isDecoded: false, keptBytes: largestBytes });
  const { copy, keptBytes: keptAgain } = await get("one", "a", 300);
  expect(keptAgain).toBe(keptBytes);
  expect((await get("one", "a", 300)).copy).toBe(copy);
  expect(decodes).toEqual(["a"]);
});

test("a tenant does not see another tenant's copies", async () => {
  const { decodes, get } = createCopies(32 * mib);
  for (const tenant of ["one", "two"]) expect((await get(tenant, "a", 300)).isDecoded).toBe(true);
  expect(decodes).toEqual(["a", "a"]);
});

test("calls at the same time share a decode, and one that leaves does not end it", async () => {
  const { promise: gate, resolve } = Promise.withResolvers<void>();
  const { decodes, get } = createCopies(32 * mib, gate);
  const leaving = new AbortController();
  const first = get("one", "a", 300, leaving.signal);
  const others = [get("one", "a", 300), get("one", "a", 500)];
  leaving.abort(new Error("left"));
  await expect(first).rejects.toThrow("left");
  resolve();
  expect((await Promise.all(others)).map(({ size }) => size)).toEqual([
    [300, 150, 3],
    [500, 250, 3],
  ]);
  expect(decodes).toEqual(["a"]);
});

test("the bytes of a shared decode stay charged, also when the call that sent them has ended before it begins", async () => {
  const uploads = createByteBudget({ totalBytes: mib, name: "uploads" });
  const sent = sentSource({ transfers: { uploads, downloads: uploads } }, Buffer.from("abc"));
  const turn = Promise.withResolvers<void>();
  const copies = createSourceCopies(32 * mib, async (source, signal) => {
    await turn.promise;
    const { release } = await source.open(signal);
    release();
    return { frame: createFrame(64, 64, 3), source: { widthPx: 64, heightPx: 64 } };
  });
  const leaving = new AbortController();
  const first = copies.get("one", sent, 300, leaving.signal);
  const second = copies.get("one", toSource(sent.sha256), 300, never);
  leaving.abort(new Error("left"));
  await expect(first).rejects.toThrow("left");
  sent.close();
  expect(uploads.usedBytes).toBe(3);
  turn.resolve();
  await second;
  expect(uploads.usedBytes).toBe(0);
});

test("a call with the bytes does not fail with a call that looks for them in storage", async () => {
  const copies = createSourceCopies(32 * mib, async ({ isSent }) => {
    await new Promise((next) => setTimeout(next, 10));
    if (!isSent) throw new Error("not stored");
    return { frame: createFrame(64, 64, 3), source: { widthPx: 64, heightPx: 64 } };
  });
  const stored = copies.get("one", toSource("a", false), 300, never);
  const sent = copies.get("one", toSource("a"), 300, never);
  await expect(stored).rejects.toThrow("not stored");
  expect((await sent).copy.frame).toMatchObject({ widthPx: 64, heightPx: 64 });
});

test("the least recently used source goes first when the memory is full", async () => {
  // Two copies of 1024×512×3 fit in 4 MiB, three do not.
  const { decodes, get } = createCopies(4 * mib);
  for (const name of ["a", "b", "a", "c", "a"]) await get("one", name, 1_024);
  expect(decodes).toEqual(["a", "b", "c"]);
  await get("one", "b", 1_024);
  expect(decodes).toEqual(["a", "b", "c", "b"]);
});

test("use of a small copy keeps the large one", async () => {
  const { decodes, get } = createCopies(4 * mib);
  await get("one", "a", 300);
  await get("one", "b", 1_024);
  await get("one", "a", 300);
  await get("one", "c", 1_024);
  await get("one", "a", 800);
  expect(decodes).toEqual(["a", "b", "c"]);
});

test("a failed decode is not kept", async () => {
  let tries = 0;
  const copies = createSourceCopies(4 * mib, async () => {
    tries += 1;
    throw new Error("broken");
  });
  for (let call = 0; call < 2; call++)
    await expect(copies.get("one", toSource("a"), 300, never)).rejects.toThrow("broken");
  expect(tries).toBe(2);
});
