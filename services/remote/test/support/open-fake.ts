import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawTestFrame } from "@pixelmesh/testing";
import sharp from "sharp";
import type { Manifest, ManifestModel } from "../../src/domain/manifest.ts";
import type { ProviderCall, SentPicture } from "../../src/domain/provider.ts";
import { createProvider, type RemoteProvider } from "../../src/providers/create-provider.ts";
import { loadManifest } from "../../src/providers/load-manifest.ts";
import type { FakeProviderOptions } from "../fake-provider/behaviour.ts";
import { type FakeProvider, startFakeProvider } from "../fake-provider/start-fake-provider.ts";

/** A fake provider in a process of its own, and the adapters that call it. */
export type OpenFake = AsyncDisposable & {
  readonly fake: FakeProvider;
  readonly manifest: Manifest;
  readonly tokenFile: string;
  provider(name: string): RemoteProvider;
  model(name: string): ManifestModel;
  /** A call of a model with the picture of `testPicture`. */
  call(name: string, changes?: Partial<ProviderCall>): ProviderCall;
};

/** The token that the fake provider accepts. */
export const token = "test-token-0123456789";

export const widthPx = 40;
export const heightPx = 24;

/** The picture that is sent, and its pixels (RGB). */
export async function drawPicture(): Promise<{ readonly sent: SentPicture; readonly pixels: Uint8Array }> {
  const { data } = drawTestFrame(widthPx, heightPx);
  const bytes = await sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .png()
    .toBuffer();
  return { sent: { bytes, mediaType: "image/png" }, pixels: data };
}

const job = {
  createPath: "/jobs",
  idPointer: "/job/id",
  getPath: "/jobs/{{id}}",
  cancelPath: "/jobs/{{id}}/stop",
  statusPointer: "/job/state",
  doneValues: ["DONE"],
  failedValues: ["ERROR", "STOPPED"],
  outputPointer: "/result",
  errorPointer: "/problem/text",
};

/** Starts a fake provider, writes a manifest of it with all kinds, and loads that. `change` may replace members of every provider. */
export async function openFake(options: FakeProviderOptions = {}, change: object = {}): Promise<OpenFake> {
  const fake = await startFakeProvider({ token, ...options });
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-remote-"));
  const path = join(dir, "hosted-models.json");
  const tokenFile = join(dir, "token");
  await writeFile(tokenFile, `# of the tests\n${token}\n`);
  const hosts = {
    tokenFile: "token",
    resultHosts: [fake.filesHost],
    privateHosts: [fake.host, fake.filesHost],
    ...change,
  };
  const input = { image: "{{picture}}", scale: "{{parameters.scale}}" };
  const parameters = [{ name: "scale", type: "integer", default: 2, minimum: 1, maximum: 4 }];
  const common = { class: "light", timeout: "60s", price: { perCall: 0.01 }, parameters };
  const sync = { createPath: "/sync", outputPointer: "/picture" };
  await writeFile(
    path,
    JSON.stringify({
      version: 1,
      currency: "USD",
      providers: [
        { name: "replicate", kind: "replicate", baseUrl: `${fake.url}/v1`, ...hosts },
        { name: "openai", kind: "openai", baseUrl: `${fake.url}/openai/v1`, ...hosts },
        { name: "generic", kind: "http", baseUrl: `${fake.url}/generic`, tokenHeader: "X-Api-Key", ...hosts },
      ],
      models: [
        { ...common, name: "r", provider: "replicate", version: "owner/name:v1", input },
        { ...common, name: "r-short", provider: "replicate", version: "owner/name:v1", timeout: "2s", input },
        {
          ...common,
          name: "edit",
          provider: "openai",
          version: "image-1",
          input: { image: "{{picture}}", prompt: "a comic" },
        },
        { ...common, name: "generate", provider: "openai", version: "image-1", input: { prompt: "a comic" } },
        {
          ...common,
          name: "job",
          provider: "generic",
          version: "1",
          input: { model: "job", ...input },
          http: { ...job, idempotencyHeader: "Idempotency-Key" },
        },
        {
          ...common,
          name: "job-short",
          provider: "generic",
          version: "1",
          timeout: "2s",
          input: { model: "job", ...input },
          http: { ...job, cancelPath: "/jobs/{{id}}", cancelMethod: "DELETE" },
        },
        { ...common, name: "sync", provider: "generic", version: "1", input: { model: "sync", ...input }, http: sync },
        {
          ...common,
          name: "sync-short",
          provider: "generic",
          version: "1",
          timeout: "1s",
          input: { model: "sync", ...input },
          http: sync,
        },
      ],
    }),
  );
  const manifest = await loadManifest(path);
  const { sent } = await drawPicture();
  const providers = new Map(
    manifest.providers.map((each) => [each.name, createProvider(each, { userAgent: "pixelmesh/test" })]),
  );
  const model = (name: string) => manifest.models.find((each) => each.name === name)!;
  return {
    fake,
    manifest,
    tokenFile,
    provider: (name) => providers.get(name)!,
    model,
    call: (name, changes = {}) => ({
      model: model(name),
      parameters: { scale: { kind: { $case: "number", value: 2 } } },
      pictures: [sent],
      callId: "call-1",
      ...changes,
    }),
    async [Symbol.asyncDispose]() {
      await fake.close();
      await rm(dir, { recursive: true });
    },
  };
}
