import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { signCallback } from "./sign-callback.ts";

const secrets = ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "bmV3IHNlY3JldCBmb3IgYSByb3RhdGlvbg=="];
const keys = secrets.map((secret) => Buffer.from(secret, "base64"));
const body = Buffer.from('{"type":"job.succeeded","label":"é"}');

test("the reference library verifies the signature of each secret", () => {
  const headers = signCallback("j2a-1", body, Date.now(), keys);
  for (const secret of secrets)
    expect(new Webhook(`whsec_${secret}`).verify(body, headers)).toMatchObject({ type: "job.succeeded" });
  const stranger = new Webhook(`whsec_${Buffer.from("another secret of some bytes").toString("base64")}`);
  expect(() => stranger.verify(body, headers)).toThrow();
  const verifier = new Webhook(`whsec_${secrets[0]}`);
  expect(() => verifier.verify(Buffer.from('{"type":"job.failed"}'), headers)).toThrow();
  expect(() => verifier.verify(body, { ...headers, "webhook-id": "j2a-2" })).toThrow();
  expect(() => verifier.verify(body, signCallback("j2a-1", body, Date.now() - 3_600_000, keys))).toThrow(/old/);
});

test("the signature equals the one in the specification", () => {
  // From https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries: payload, secret and time of its tests.
  const headers = signCallback(
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    Buffer.from('{"test": 2432232314}'),
    1_614_265_330_000,
    keys.slice(0, 1),
  );
  expect(headers).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});
