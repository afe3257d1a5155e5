import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "@pixelmesh/config";
import { freePorts } from "@pixelmesh/testing";
import { type S3Server, type S3ServerOptions, startS3Server } from "@pixelmesh/testing/s3";
import { onTestFinished, vi } from "vitest";
import { openS3Store } from "../src/adapters/s3/open-s3-store.ts";
import { s3Fields } from "../src/adapters/s3/s3-fields.ts";
import type { ColdSource, ColdStore } from "../src/domain/cold-store.ts";

export const mib = 1024 * 1024;
/** Quick waits, so that failures do not take minutes; the attempts are those of the defaults. */
const quick = {
  PIXELMESH_STORAGE_S3_PART: "5MiB",
  PIXELMESH_STORAGE_S3_FIRST_BYTE_TIMEOUT: "5s",
  PIXELMESH_STORAGE_S3_STALL_TIMEOUT: "5s",
};
const accessKey = "test-key";
const secretKey = "test-secret";

/** A place for blobs: an address, and the settings that lead to it. */
export type TestBucket = { readonly address: string; readonly env: Readonly<Record<string, string>> };

/** Gives the test credentials, which the SDK reads from the environment. They end with the test. */
export function useCredentials(key = accessKey, secret = secretKey): void {
  vi.stubEnv("AWS_ACCESS_KEY_ID", key);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Starts the small server of `@pixelmesh/testing/s3`. */
export async function startSmallServer(options: S3ServerOptions = {}): Promise<S3Server & TestBucket> {
  useCredentials();
  const server = await startS3Server({ accessKey, secretKey, ...options });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const env = { PIXELMESH_STORAGE_S3_ENDPOINT: server.endpoint, PIXELMESH_STORAGE_S3_REGION: server.signing.region };
  return Object.assign(server, { address: `s3://${server.bucket}/mesh`, env });
}

/** The server of the contract tests: the program in PIXELMESH_VERSITYGW (`make check-storage`), else the small server. */
export async function startContractServer(): Promise<TestBucket> {
  const program = process.env.PIXELMESH_VERSITYGW;
  return program === undefined ? await startSmallServer() : await startVersitygw(program);
}

async function startVersitygw(program: string): Promise<TestBucket> {
  useCredentials();
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-versitygw-"));
  mkdirSync(join(root, "pictures"));
  const [port] = await freePorts(1);
  const endpoint = `127.0.0.1:${port}`;
  const child = spawn(program, ["--port", endpoint, "posix", root], {
    env: { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
    stdio: "ignore",
  });
  onTestFinished(async () => {
    await stop(child);
    rmSync(root, { recursive: true, force: true });
  });
  while (!(await isListening(endpoint))) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
    await sleep(50);
  }
  return { address: "s3://pictures/mesh", env: { PIXELMESH_STORAGE_S3_ENDPOINT: `http://${endpoint}` } };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function isListening(endpoint: string): Promise<boolean> {
  return await fetch(`http://${endpoint}/`).then(
    () => true,
    () => false,
  );
}

/** Opens the store in a bucket; `env` changes settings. It is closed with the test. */
export async function openBucket(
  bucket: TestBucket,
  env: Readonly<Record<string, string>> = {},
  unixMs?: () => number,
): Promise<ColdStore> {
  const settings = loadConfig(s3Fields, { ...quick, ...bucket.env, ...env });
  const store = await openS3Store({ ...settings, address: env.address ?? bucket.address }, unixMs);
  onTestFinished(() => store.close());
  return store;
}

/** A blob of random bytes with a source that counts how often it is opened. */
export function createBlob(sizeBytes: number) {
  const bytes = randomBytes(sizeBytes);
  return { bytes, sha256: digestOf(bytes), ...countingSource(bytes) };
}

/** A source of bytes in chunks of 300,000. */
export function countingSource(bytes: Uint8Array): { source: ColdSource; opened: () => number } {
  let opened = 0;
  const source: ColdSource = {
    sizeBytes: bytes.byteLength,
    async *open() {
      opened += 1;
      for (let n = 0; n < bytes.byteLength; n += 300_000) yield bytes.subarray(n, n + 300_000);
    },
  };
  return { source, opened: () => opened };
}

export const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Reads a whole answer; undefined if there is none. */
export async function readAll(chunks: AsyncIterable<Uint8Array> | undefined): Promise<Buffer | undefined> {
  return chunks && Buffer.concat(await Array.fromAsync(chunks));
}
