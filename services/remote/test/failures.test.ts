import { startHttpReceiver } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "./fake-provider/behaviour.ts";
import { type OpenFake, openFake, token } from "./support/open-fake.ts";

const soon = () => AbortSignal.timeout(60_000);
const models = { replicate: "r", openai: "edit", generic: "job" } as const;
const names = Object.keys(models) as (keyof typeof models)[];

let open: OpenFake;
beforeAll(async () => {
  open = await openFake();
});
afterAll(() => open[Symbol.asyncDispose]());
beforeEach(() => open.fake.control.reset());

async function startWith(name: keyof typeof models, fault: Omit<Fault, "at">) {
  await open.fake.control.fail({ at: "create", ...fault });
  return open.provider(name).start(open.call(models[name]), soon());
}

const json = (value: unknown) => JSON.stringify(value);

describe.each(names)("of the provider %s", (name) => {
  test.each([
    ["seconds", { "retry-after": "7" }, 7_000],
    ["a reset", { "x-ratelimit-reset-requests": "1m2s" }, 62_000],
    ["no time", {}, 10_000],
  ])("status 429 with %s closes it for that time", async (_, headers, retryAfterMs) => {
    await expect(startWith(name, { status: 429, headers, body: "{}" })).rejects.toMatchObject({
      reason: "PROVIDER_BUSY",
      retryAfterMs,
      metadata: { provider: name, status: "429", created: "no" },
    });
    expect((await open.fake.control.stats()).total).toMatchObject({ calls: 1, created: 0 });
  });

  test("a date in Retry-After closes it until then", async () => {
    const until = new Date(Date.now() + 90_000).toUTCString();
    const error = await startWith(name, { status: 429, headers: { "retry-after": until } }).catch((thrown) => thrown);
    expect(error.retryAfterMs).toBeGreaterThan(20_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(90_000);
  });

  test("a spent quota closes it for 5 minutes", async () => {
    for (const [status, body] of [
      [402, { title: "Insufficient credit", detail: "You have insufficient credit to run this model." }],
      [429, { error: { message: "You exceeded your current quota", code: "insufficient_quota" } }],
    ] as const) {
      await open.fake.control.reset();
      await expect(startWith(name, { status, body: json(body) })).rejects.toMatchObject({
        reason: "PROVIDER_BUSY",
        retryAfterMs: 300_000,
        message: expect.stringContaining("no quota or credit left"),
      });
    }
  });

  test.each([401, 403])("status %i names the token file, and shows no token", async (status) => {
    // A provider may repeat the token in its text.
    const starting = startWith(name, { status, body: json({ error: { message: `Incorrect key ${token}` } }) });
    await expect(starting).rejects.toMatchObject({ reason: "PROVIDER_FAILED", metadata: { created: "no" } });
    await expect(starting).rejects.toThrow(open.tokenFile);
    await expect(starting).rejects.not.toThrow(token);
  });

  test.each([400, 404, 413, 422])(
    "status %i refuses the call with the provider's text, escaped and without the token",
    async (status) => {
      const body = json({ detail: `image is\u0007 wrong\u202e for ${token} ${"x".repeat(9_999)}` });
      const error = await startWith(name, { status, body }).catch((thrown) => thrown);
      expect(error).toMatchObject({ reason: "PROVIDER_REFUSED", metadata: { created: "no", status: `${status}` } });
      expect(error.message).toContain("image is\\u0007 wrong\\u202e for ********");
      expect(error.message.length).toBeLessThan(400);
    },
  );

  test.each([500, 502, 503, 408, 409])(
    "status %i is a failure that may pass, after which it may have been created",
    async (status) => {
      const starting = startWith(name, { status, body: "<html>Bad gateway</html>" });
      await expect(starting).rejects.toMatchObject({
        reason: "PROVIDER_FAILED",
        message: expect.stringContaining("Bad gateway"),
      });
      await expect(starting).rejects.not.toHaveProperty("metadata.created");
    },
  );

  test.each([
    ["before its answer", { cut: "before_answer" }],
    ["in its answer", { cut: "in_body" }],
  ] as const)(
    "a connection that is cut %s is a failure that may pass, and the call is not repeated",
    async (_, fault) => {
      const starting = startWith(name, { ...fault, afterwards: true });
      await expect(starting).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
      await expect(starting).rejects.not.toHaveProperty("metadata.created");
      expect((await open.fake.control.stats()).total).toMatchObject({ calls: 1, created: 1 });
    },
  );

  test.each([
    ["text", { status: 200, body: "<html>ok</html>", headers: { "content-type": "text/html" } }],
    ["JSON that is none", { status: 200, body: '{"id":', headers: { "content-type": "application/json" } }],
    ["other JSON", { status: 200, body: '{"hello":"world"}', headers: { "content-type": "application/json" } }],
  ])("%s in place of its answer is a failure", async (_, fault) => {
    await expect(startWith(name, fault)).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
  });

  test("a redirect is not followed, so that no token leaves", async () => {
    await using elsewhere = await startHttpReceiver((_, response) => response.end("{}"));
    for (const location of [elsewhere.url("/v1/predictions"), "http://169.254.169.254/latest/meta-data/"])
      await expect(startWith(name, { status: 307, headers: { location }, times: 1 })).rejects.toMatchObject({
        reason: "PROVIDER_FAILED",
        message: expect.stringContaining("redirect"),
      });
    expect(elsewhere.calls).toEqual([]);
  });

  test("an answer without an end is read up to a limit", async () => {
    await expect(startWith(name, { hugeBytes: 400 * 1024 * 1024 })).rejects.toMatchObject({
      reason: "OUTPUT_TOO_LARGE",
    });
    await expect.poll(async () => (await open.fake.control.stats()).openConnections).toBeLessThan(3);
    // The limit and what sockets hold.
    expect((await open.fake.control.stats()).hugeBytesSent).toBeLessThan(100 * 1024 * 1024);
  });

  test("an abort ends a call at once with its reason", async () => {
    await open.fake.control.fail({ at: "create", delayMs: 50_000 });
    const aborting = new AbortController();
    const starting = open.provider(name).start(open.call(models[name]), aborting.signal);
    await expect.poll(async () => (await open.fake.control.stats()).total.calls).toBe(1);
    const reason = new Error("the job was cancelled");
    aborting.abort(reason);
    await expect(starting).rejects.toBe(reason);
  });
});

test("without a connection nothing was created", async () => {
  await using gone = await openFake();
  await gone.fake.close();
  for (const name of names)
    await expect(gone.provider(name).start(gone.call(models[name]), soon())).rejects.toMatchObject({
      reason: "PROVIDER_FAILED",
      message: expect.stringContaining("refuses connections"),
      metadata: { created: "no" },
    });
});
