import { expect, test } from "vitest";
import { drawPicture, heightPx, openFake, token, widthPx } from "./support/open-fake.ts";
import { countInverted, readAll } from "./support/read-pixels.ts";

const soon = () => AbortSignal.timeout(60_000);
const nothing = () => {};

test.each(["b64_json", "address"] as const)(
  "an edit in the style of OpenAI sends a form with the picture and reads %s",
  async (output) => {
    await using open = await openFake({ behaviours: { "*": { output, pictures: 3 } } });
    const provider = open.provider("openai");
    const started = await provider.start(open.call("edit"), soon());
    if (started.kind !== "answer") throw new Error("Expected an answer");
    expect(await countInverted(await readAll(provider, started.answer.output))).toBe(3);
    const [request] = await open.fake.control.requests();
    expect(request).toMatchObject({
      path: "/openai/v1/images/edits",
      headers: { authorization: "valid", "content-type": expect.stringMatching(/^multipart\/form-data; boundary=/) },
    });
    expect((await open.fake.control.stats()).byModel["image-1"]).toMatchObject({ created: 1, charged: 1 });
  },
);

test("a model without a picture in its input generates one", async () => {
  await using open = await openFake();
  const provider = open.provider("openai");
  const started = await provider.start(open.call("generate"), soon());
  if (started.kind !== "answer") throw new Error("Expected an answer");
  const [picture] = await readAll(provider, started.answer.output);
  expect(picture?.info).toMatchObject({ widthPx: 48, heightPx: 32 });
  const [request] = await open.fake.control.requests();
  expect(request).toMatchObject({
    path: "/openai/v1/images/generations",
    headers: { "content-type": "application/json" },
  });
  await provider.cancel(open.model("generate"), "x", soon());
  expect(await provider.find(open.call("generate"), 0, soon())).toBeUndefined();
});

test("a generic provider is called as its mapping says, with its own header of the token and an idempotency key", async () => {
  await using open = await openFake({ behaviours: { "*": { output: "nested", pictures: 2 } } });
  const provider = open.provider("generic");
  const model = open.model("job");
  expect([provider.isIdempotent(model), provider.isIdempotent(open.model("job-short"))]).toEqual([true, false]);
  await open.fake.control.fail({ at: "create", times: 1, afterwards: true, cut: "before_answer" });
  await expect(provider.start(open.call("job"), soon())).rejects.toMatchObject({ reason: "PROVIDER_FAILED" });
  // The same call again is the same prediction.
  const started = await provider.start(open.call("job"), soon());
  const answer = await provider.wait(model, started.kind === "prediction" ? started.id : "", soon(), nothing);
  expect(await countInverted(await readAll(provider, answer.output))).toBe(2);
  expect((await open.fake.control.stats()).byModel.job).toMatchObject({ calls: 2, created: 1, charged: 1 });
  const [request] = await open.fake.control.requests();
  expect(request?.headers).toMatchObject({ "idempotency-key": "call-1", "x-api-key": token });
  expect(request?.headers).not.toHaveProperty("authorization");
});

test("a generic provider's failures and cancels are those of its mapping", async () => {
  await using open = await openFake({ behaviours: { "*": { end: "failed", error: "no face was found" } } });
  const provider = open.provider("generic");
  const start = async (name: string, callId: string) => {
    const started = await provider.start(open.call(name, { callId }), soon());
    return started.kind === "prediction" ? started.id : "";
  };
  await expect(provider.wait(open.model("job"), await start("job", "1"), soon(), nothing)).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    message: expect.stringContaining("no face was found"),
    metadata: { prediction: "ended" },
  });
  await open.fake.control.behave("job", { end: "never" });
  await provider.cancel(open.model("job"), await start("job", "2"), soon());
  // Its timeout cancels by DELETE.
  await expect(
    provider.wait(open.model("job-short"), await start("job-short", "3"), soon(), nothing),
  ).rejects.toMatchObject({
    metadata: { prediction: "ended" },
  });
  expect((await open.fake.control.stats()).byModel.job).toMatchObject({ failed: 1, cancelled: 2, open: 0 });
  expect((await open.fake.control.requests()).map(({ method }) => method)).toContain("DELETE");
});

test.each(["data_uri", "address", "bytes"] as const)(
  "a generic provider may answer at once with %s",
  async (output) => {
    await using open = await openFake({ behaviours: { "*": { output } } });
    const provider = open.provider("generic");
    const started = await provider.start(open.call("sync"), soon());
    if (started.kind !== "answer") throw new Error("Expected an answer");
    expect(await countInverted(await readAll(provider, started.answer.output))).toBe(1);
  },
);

test("a call that does not answer within the model's timeout fails", async () => {
  await using open = await openFake({ behaviours: { "*": { end: "never" } } });
  await expect(open.provider("generic").start(open.call("sync-short"), soon())).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    message: expect.stringContaining("within 1 s"),
  });
});

test.each(["text/plain", "application/octet-stream"])(
  "an answer in JSON is read although it is announced as %s",
  async (type) => {
    await using open = await openFake();
    const provider = open.provider("generic");
    const { sent } = await drawPicture();
    const uri = `data:image/png;base64,${Buffer.from(sent.bytes).toString("base64")}`;
    const answer = { status: 200, headers: { "content-type": type } };
    await open.fake.control.fail({ at: "create", ...answer, body: JSON.stringify({ picture: uri }) });
    const started = await provider.start(open.call("sync"), soon());
    if (started.kind !== "answer") throw new Error("Expected an answer");
    const [picture] = await readAll(provider, started.answer.output);
    expect(picture?.info).toMatchObject({ widthPx, heightPx });
  },
);
