import { appendFile, rm, writeFile } from "node:fs/promises";
import { startHttpReceiver } from "@pixelmesh/testing/processes";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { openFake, token } from "./support/open-fake.ts";
import { countInverted, readAll } from "./support/read-pixels.ts";

const soon = () => AbortSignal.timeout(60_000);
const nothing = () => {};

test("a prediction is created once with the version, the input and its timeout, waited for, and gives its picture", async () => {
  await using open = await openFake();
  const provider = open.provider("replicate");
  const started = await provider.start(open.call("r"), soon());
  expect(started).toEqual({ kind: "prediction", id: expect.any(String) });
  const id = started.kind === "prediction" ? started.id : "";
  const fractions: number[] = [];
  const answer = await provider.wait(open.model("r"), id, soon(), (fraction) => fractions.push(fraction));
  expect(answer.computeSeconds).toBeGreaterThan(0);
  expect(await countInverted(await readAll(provider, answer.output))).toBe(1);
  expect(new Set(fractions)).toEqual(new Set([0.5]));
  const [create, ...reads] = await open.fake.control.requests();
  expect(create).toMatchObject({
    method: "POST",
    path: "/v1/predictions",
    headers: {
      authorization: "valid",
      "cancel-after": "60s",
      "content-type": "application/json",
      "user-agent": "pixelmesh/test",
    },
    status: 201,
  });
  expect(create?.headers).not.toHaveProperty("prefer");
  expect(
    reads.filter(({ path }) => path.startsWith("/v1/")).every(({ path }) => path === `/v1/predictions/${id}`),
  ).toBe(true);
  // No token goes to the host of the files.
  expect(reads.filter(({ path }) => path.startsWith("/files/")).map(({ headers }) => headers.authorization)).toEqual([
    undefined,
  ]);
  expect((await open.fake.control.stats()).byModel.v1).toMatchObject({
    calls: 1,
    created: 1,
    succeeded: 1,
    charged: 1,
  });
});

test.each(["address", "data_uri", "nested", "file_object", "stream"] as const)(
  "four pictures as %s are read in their order",
  async (output) => {
    await using open = await openFake({ behaviours: { "*": { output, pictures: 4 } } });
    const provider = open.provider("replicate");
    const started = await provider.start(open.call("r"), soon());
    const answer = await provider.wait(
      open.model("r"),
      started.kind === "prediction" ? started.id : "",
      soon(),
      nothing,
    );
    expect(await countInverted(await readAll(provider, answer.output))).toBe(4);
  },
);

test("polling goes on over failed reads, and ends at the fifth in a row", async () => {
  await using open = await openFake({ behaviours: { "*": { workMs: 1_500 } } });
  const provider = open.provider("replicate");
  const { control } = open.fake;
  const start = async () => {
    const started = await provider.start(open.call("r"), soon());
    return started.kind === "prediction" ? started.id : "";
  };
  await control.fail({ at: "get", times: 1, status: 500 });
  await control.fail({ at: "get", times: 1, cut: "before_answer" });
  await control.fail({ at: "get", times: 1, cut: "in_body" });
  await control.fail({ at: "get", times: 1, status: 429, headers: { "retry-after": "1" } });
  const id = await start();
  await expect(provider.wait(open.model("r"), id, soon(), nothing)).resolves.toMatchObject({
    output: expect.any(String),
  });
  await control.fail({ at: "get", status: 503 });
  const failing = provider.wait(open.model("r"), id, soon(), nothing);
  await expect(failing).rejects.toMatchObject({ reason: "PROVIDER_FAILED", metadata: { status: "503" } });
  // The prediction may still be read later.
  await expect(failing).rejects.not.toHaveProperty("metadata.prediction");
  expect((await control.stats()).total.created).toBe(1);
});

test("a prediction that never ends is cancelled at the model's timeout", async () => {
  await using open = await openFake({ behaviours: { "*": { end: "never" } } });
  const provider = open.provider("replicate");
  const started = await provider.start(open.call("r-short"), soon());
  const waiting = provider.wait(
    open.model("r-short"),
    started.kind === "prediction" ? started.id : "",
    soon(),
    nothing,
  );
  await expect(waiting).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    message: expect.stringContaining("within 2 s"),
    metadata: { prediction: "ended" },
  });
  expect((await open.fake.control.stats()).byModel.v1).toMatchObject({ open: 0, cancelled: 1 });
});

test("cancel reaches the provider, and is no failure for what has ended or is unknown", async () => {
  await using open = await openFake({ behaviours: { "*": { end: "never" } } });
  const provider = open.provider("replicate");
  const model = open.model("r");
  const started = await provider.start(open.call("r"), soon());
  const id = started.kind === "prediction" ? started.id : "";
  const aborting = new AbortController();
  const waiting = provider.wait(model, id, aborting.signal, nothing);
  const reason = new Error("the job was cancelled");
  aborting.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await provider.cancel(model, id, soon());
  expect((await open.fake.control.stats()).byModel.v1).toMatchObject({ open: 0, cancelled: 1 });
  await provider.cancel(model, id, soon());
  await provider.cancel(model, "unknown", soon());
  await expect(provider.wait(model, id, soon(), nothing)).rejects.toMatchObject({ metadata: { prediction: "ended" } });
  await expect(provider.wait(model, "unknown", soon(), nothing)).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    message: expect.stringContaining("does not know"),
    metadata: { prediction: "ended", provider: "replicate" },
  });
});

test("the provider cancels a prediction whose caller is gone, by the header", async () => {
  await using open = await openFake({ behaviours: { "*": { end: "never" } } });
  // The header takes 5 s at least.
  await open.provider("replicate").start(open.call("r-short"), soon());
  await expect.poll(async () => (await open.fake.control.stats()).byModel.v1?.cancelled).toBe(1);
  const [create] = await open.fake.control.requests();
  expect(create?.headers["cancel-after"]).toBe("5s");
});

test.each([
  ["CUDA out of memory", "PROVIDER_FAILED"],
  ["NSFW content detected. Try another picture", "PROVIDER_REFUSED"],
  ["The input was flagged as sensitive (E005)", "PROVIDER_REFUSED"],
])("a prediction that failed with %s is %s with that text", async (error, reason) => {
  await using open = await openFake({ behaviours: { "*": { end: "failed", error } } });
  const provider = open.provider("replicate");
  const started = await provider.start(open.call("r"), soon());
  const waiting = provider.wait(open.model("r"), started.kind === "prediction" ? started.id : "", soon(), nothing);
  await expect(waiting).rejects.toMatchObject({
    reason,
    message: expect.stringContaining(error.slice(0, 20)),
    metadata: { prediction: "ended" },
  });
});

test.each(["echo", "address", "omit"] as const)(
  "a prediction whose answer was lost is found again in a list that shows inputs as: %s",
  async (listedInputs) => {
    await using open = await openFake({ listedInputs });
    const provider = open.provider("replicate");
    const since = Date.now();
    const other = open.call("r", { parameters: { scale: { kind: { $case: "number", value: 3 } } } });
    const first = await provider.start(other, soon());
    await open.fake.control.fail({ at: "create", times: 1, afterwards: true, cut: "before_answer" });
    const lost = provider.start(open.call("r"), soon());
    await expect(lost).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
    // It may have been created, so the error does not say that it was not.
    await expect(lost).rejects.not.toHaveProperty("metadata.created");
    const found = await provider.find(open.call("r"), since, soon());
    expect(found).toEqual(expect.any(String));
    expect(found).not.toBe(first.kind === "prediction" ? first.id : "");
    const answer = await provider.wait(open.model("r"), found ?? "", soon(), nothing);
    expect(await countInverted(await readAll(provider, answer.output))).toBe(1);
    expect((await open.fake.control.stats()).total).toMatchObject({ created: 2, charged: 2 });
    expect(await provider.find(other, since, soon())).toBe(first.kind === "prediction" ? first.id : "");
  },
);

test("a prediction with another picture, another version, an earlier one and a failed one are not found", async () => {
  await using open = await openFake();
  const provider = open.provider("replicate");
  const call = open.call("r");
  const [picture] = call.pictures;
  const changed = { ...picture!, bytes: Buffer.concat([picture!.bytes, Buffer.from([0])]) };
  await provider.start({ ...call, pictures: [changed] }, soon());
  await provider.start({ ...call, model: { ...call.model, version: "owner/name:v2" } }, soon());
  await open.fake.control.behave("v1", { end: "failed" });
  await provider.start(call, soon());
  await expect.poll(async () => (await open.fake.control.stats()).byModel.v1?.failed).toBe(1);
  expect(await provider.find(call, Date.now() - 1_000, soon())).toBeUndefined();
  await open.fake.control.behave("v1", { end: "succeeded" });
  await provider.start(call, soon());
  // The clocks may differ by 30 s.
  expect(await provider.find(call, Date.now() + 60_000, soon())).toBeUndefined();
  expect(await provider.find(call, Date.now(), soon())).toEqual(expect.any(String));
});

test("a list of several pages is read to the call's prediction", async () => {
  await using open = await openFake();
  const provider = open.provider("replicate");
  const since = Date.now();
  const started = await provider.start(open.call("r"), soon());
  const { url } = open.fake;
  const body = JSON.stringify({ version: "v9", input: { n: 1 } });
  const headers = { authorization: `Bearer ${token}` };
  for (let at = 0; at < 150; at += 1) await fetch(`${url}/v1/predictions`, { method: "POST", body, headers });
  expect(await provider.find(open.call("r"), since, soon())).toBe(started.kind === "prediction" ? started.id : "");
  const pages = (await open.fake.control.requests()).filter(({ path }) => path.startsWith("/v1/predictions?"));
  expect(pages.map(({ path }) => new URL(path, url).searchParams.get("cursor"))).toEqual([null, "100"]);
});

test("a replaced token file is in use at once, and a bad one is named without its content", async () => {
  await using open = await openFake();
  const provider = open.provider("replicate");
  expect(await provider.credentialProblem()).toBeUndefined();
  await writeFile(open.tokenFile, "wrong-token-0123\n");
  const refused = provider.start(open.call("r"), soon());
  await expect(refused).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    metadata: { status: "401", created: "no" },
  });
  await expect(refused).rejects.toThrow(open.tokenFile);
  await expect(refused).rejects.not.toThrow(/wrong-token/);
  await appendFile(open.tokenFile, "second-token\n");
  await expect(provider.start(open.call("r"), soon())).rejects.toThrow(/one line with the token, and it has 2 lines/);
  expect(await provider.credentialProblem()).toContain(open.tokenFile);
  await writeFile(open.tokenFile, token);
  await expect(provider.start(open.call("r"), soon())).resolves.toMatchObject({ kind: "prediction" });
});

test("a token file that is missing for a moment does not end the wait for a prediction", async () => {
  await using open = await openFake({ behaviours: { "*": { workMs: 1_500 } } });
  const provider = open.provider("replicate");
  const started = await provider.start(open.call("r"), soon());
  await rm(open.tokenFile);
  await expect(provider.start(open.call("r"), soon())).rejects.toMatchObject({ reason: "PROVIDER_NOT_CONFIGURED" });
  const waiting = provider.wait(open.model("r"), started.kind === "prediction" ? started.id : "", soon(), () => {});
  setTimeout(() => void writeFile(open.tokenFile, token), 1_000);
  await expect(waiting).resolves.toMatchObject({ output: expect.stringContaining("/files/") });
  expect((await open.fake.control.stats()).total).toMatchObject({ created: 1, charged: 1 });
});

test.each([
  ["as a number without an end", "1e999", undefined],
  ["as more than any model may take", "86400", undefined],
  ["as a text", '"12"', undefined],
  ["below 0", "-1", undefined],
  ["as a number", "12.5", 12.5],
])("the time of a prediction %s counts only if it can be one", async (_, seconds, counted) => {
  await using open = await openFake();
  const body = `{"id":"a","status":"succeeded","output":"x","metrics":{"predict_time":${seconds}}}`;
  await open.fake.control.fail({ at: "get", status: 200, body, headers: { "content-type": "application/json" } });
  const provider = open.provider("replicate");
  const started = await provider.start(open.call("r"), soon());
  const id = started.kind === "prediction" ? started.id : "";
  expect((await provider.wait(open.model("r"), id, soon(), () => {})).computeSeconds).toBe(counted);
});

test("the fake provider calls webhooks that its published secret verifies", async () => {
  await using open = await openFake();
  await using receiver = await startHttpReceiver((_, response) => response.end());
  const headers = { authorization: `Bearer ${token}` };
  const body = JSON.stringify({
    version: "v1",
    input: { n: 1 },
    webhook: receiver.url("/done"),
    webhook_events_filter: ["completed"],
  });
  await fetch(`${open.fake.url}/v1/predictions`, { method: "POST", headers, body });
  await expect.poll(() => receiver.calls.length).toBe(1);
  const { key } = (await (await fetch(`${open.fake.url}/v1/webhooks/default/secret`, { headers })).json()) as {
    key: string;
  };
  const [call] = receiver.calls;
  expect(new Webhook(key).verify(call!.body.toString(), call!.headers as Record<string, string>)).toMatchObject({
    status: "succeeded",
  });
});
