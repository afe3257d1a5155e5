import type { CacheRequest } from "./cache.ts";

/** Names of the traces. */
export type TraceName = "zipf" | "scans" | "shifting";

const mib = 1024 * 1024;
const requests = 50_000;
/** The requests arrive evenly over two weeks. */
const gapMs = (14 * 24 * 3_600_000) / requests;
const objects = 20_000;
const exponent = 0.9;
/** A batch of pictures that are asked for once: so many requests, in every so many. */
const scan = { length: 1_500, every: 5_000 };
/** Requests after which other objects become popular. */
const shiftEvery = 10_000;

/**
 * Kinds of results: how frequent each is, its median size in bytes and its median computing time in milliseconds. Sizes are those of usual pictures. Times
 * were measured on two cores (previews of a 4K JPEG; 4K effects; cut-outs of one megapixel; 640×480 upscaled four times by the bundled model, by
 * realesr-general-x4v3 and by an RRDB model of 23 blocks).
 */
const kinds = [
  { weight: 0.3, name: "preview", medianBytes: 40 * 1024, medianMs: 20 },
  { weight: 0.15, name: "effect, JPEG", medianBytes: 0.9 * mib, medianMs: 250 },
  { weight: 0.1, name: "effect, PNG", medianBytes: 6 * mib, medianMs: 650 },
  { weight: 0.25, name: "cut-out, PNG", medianBytes: 0.9 * mib, medianMs: 700 },
  { weight: 0.07, name: "upscale by a small model, PNG", medianBytes: 5 * mib, medianMs: 600 },
  { weight: 0.07, name: "upscale by a large model, JPEG", medianBytes: 1 * mib, medianMs: 4_200 },
  { weight: 0.05, name: "upscale by a large model, PNG", medianBytes: 5 * mib, medianMs: 4_400 },
  { weight: 0.01, name: "upscale by a very large model, PNG", medianBytes: 5 * mib, medianMs: 16_000 },
];
/** Spreads, as sigma of a log-normal distribution: of sizes of pictures, which change bytes and time alike, and of each alone. */
const sigma = { picture: 0.6, bytes: 0.4, ms: 0.3 };

/** Returns a trace of 50,000 requests; equal seeds give equal traces. */
export function createTrace(name: TraceName, seed = 1): CacheRequest[] {
  const random = createRandom(seed);
  const toRank = createZipf(objects, exponent, random);
  const known = new Map<number, { sizeBytes: number; savedMs: number }>();
  let nextScanned = 10 * objects;
  return Array.from({ length: requests }, (_, n) => {
    const isScan = name === "scans" && n % scan.every >= scan.every - scan.length;
    const shift = name === "shifting" ? Math.floor(n / shiftEvery) * Math.floor(objects / 5) : 0;
    const key = isScan ? nextScanned++ : (toRank() + shift) % objects;
    const result = known.get(key) ?? createResult(random);
    known.set(key, result);
    return { key, ...result, atMs: n * gapMs };
  });
}

function createResult(random: () => number): { sizeBytes: number; savedMs: number } {
  const kind = chooseKind(random());
  const picture = Math.exp(sigma.picture * normal(random));
  return {
    sizeBytes: Math.round(kind.medianBytes * picture * Math.exp(sigma.bytes * normal(random))),
    savedMs: Math.round(kind.medianMs * picture * Math.exp(sigma.ms * normal(random))),
  };
}

/** Returns the kind at a position from 0 to 1 of all weights in a row. */
function chooseKind(at: number): (typeof kinds)[number] {
  let sum = 0;
  const found = kinds.find(({ weight }) => {
    sum += weight;
    return at < sum;
  });
  return found ?? (kinds[0] as (typeof kinds)[number]);
}

/** Zipf's law by its inverse cumulative distribution: the rank r of `n` has weight 1 / (r + 1) ** s. */
function createZipf(n: number, s: number, random: () => number): () => number {
  const sums = new Float64Array(n);
  let sum = 0;
  for (let rank = 0; rank < n; rank += 1) {
    sum += 1 / (rank + 1) ** s;
    sums[rank] = sum;
  }
  return () => {
    const wanted = random() * sum;
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Box and Muller's transform. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Marsaglia's xorshift generator of 32 bits. */
function createRandom(seed: number): () => number {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
