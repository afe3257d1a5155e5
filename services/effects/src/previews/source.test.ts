import { defaultLimits } from "@pixelmesh/imaging";
import { createByteBudget } from "@pixelmesh/rpc";
import { expect, test } from "vitest";
import { readSource, sentSource } from "./source.ts";

const never = new AbortController().signal;
// FIPS 180-2, appendix B.1: the digest of "abc".
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

function createParts(totalBytes = 1024 * 1024, maxBytes = 1024) {
  const uploads = createByteBudget({ totalBytes, name: "uploads" });
  const downloads = createByteBudget({ totalBytes, name: "downloads" });
  return { transfers: { uploads, downloads }, limits: { ...defaultLimits, maxBytes } };
}

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

test("sent bytes are known by their digest, in one message or in chunks", async () => {
  const parts = createParts();
  const whole = sentSource(parts, Buffer.from("abc"));
  const streamed = await readSource(parts, chunks("a", "bc"));
  for (const source of [whole, streamed]) {
    expect(source).toMatchObject({ sha256: abc, isSent: true });
    const { bytes, release } = await source.open(never);
    expect(Buffer.from(bytes).toString()).toBe("abc");
    release();
    source.close();
  }
  expect(parts.transfers.uploads.usedBytes).toBe(0);
});

test("bytes are charged until neither the call nor a decode uses them", async () => {
  const parts = createParts();
  const { uploads } = parts.transfers;
  const source = await readSource(parts, chunks("abc"));
  const { release } = await source.open(never);
  source.close();
  source.close();
  expect(uploads.usedBytes).toBeGreaterThan(0);
  release();
  expect(uploads.usedBytes).toBe(0);
});

test("an upload that breaks off fails with its reason and is charged no longer", async () => {
  const parts = createParts();
  const { uploads } = parts.transfers;
  let chargedBytes = 0;
  async function* broken() {
    yield Buffer.from("abc");
    chargedBytes = uploads.usedBytes;
    throw new Error("The client is gone");
  }
  await expect(readSource(parts, broken())).rejects.toThrow("The client is gone");
  expect(chargedBytes).toBeGreaterThan(0);
  expect(uploads.usedBytes).toBe(0);
});

test("too many bytes are refused and charged no longer", async () => {
  const parts = createParts();
  const long = readSource(parts, chunks("a".repeat(1_000), "b".repeat(25)));
  await expect(long).rejects.toMatchObject({ reason: "IMAGE_TOO_MANY_BYTES" });
  expect(parts.transfers.uploads.usedBytes).toBe(0);
  const full = createParts(2);
  expect(() => sentSource(full, Buffer.from("abc"))).toThrow("Too many uploads");
  expect(full.transfers.uploads.usedBytes).toBe(0);
});
