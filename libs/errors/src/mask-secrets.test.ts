import fc from "fast-check";
import { expect, test } from "vitest";
import { expected, maskSecrets, maskSecretValue } from "./index.ts";

test.each([
  ["nats://user:hunter2@nats:4222", "nats://********@nats:4222"],
  ["nats://hunter2@nats:4222", "nats://********@nats:4222"],
  ["nats://u:a@one:1,nats://u:b@two:2", "nats://********@one:1,nats://********@two:2"],
  ["tls://u:p@ss/w0rd?x@nats:4222", "tls://********@nats:4222"],
  ["HTTPS://u:p@host/path/@scope", "HTTPS://********@host/path/@scope"],
  ["https://host/m.onnx?token=abc&size=3", "https://host/m.onnx?token=********&size=3"],
  [
    "https://host/x?X-Amz-Signature=abc&X-Amz-Credential=def#k",
    "https://host/x?X-Amz-Signature=********&X-Amz-Credential=********#k",
  ],
  ["https://host/x#access_token=abc", "https://host/x#access_token=********"],
  ["https://registry.example:8080/@scope/name?page=2", "https://registry.example:8080/@scope/name?page=2"],
  ["http://[::1]:4318/v1", "http://[::1]:4318/v1"],
  ["127.0.0.1:7400", "127.0.0.1:7400"],
])("%s is shown as %s", (text, shown) => {
  expect(maskSecretValue(text)).toBe(shown);
  expect(maskSecrets(`failed at "${text}" (twice)`)).toBe(`failed at "${shown}" (twice)`);
});

test("the value of a setting needs no scheme and may hold any character", () => {
  expect(maskSecretValue("user:hunter2@nats:4222,u:p@b:1")).toBe("********@nats:4222,********@b:1");
  expect(maskSecretValue("nats://u:pass word's@nats:4222")).toBe("nats://********@nats:4222");
  expect(maskSecretValue("/home/me@work/models")).toBe("/home/me@work/models");
  expect(maskSecretValue("@photo.jpg")).toBe("@photo.jpg");
  expect(maskSecretValue("@hunter2@nats:4222")).toBe("********@nats:4222");
});

test("no part of a password is shown, also not in errors", () => {
  const password = fc.string({ minLength: 6, maxLength: 200, unit: fc.constantFrom(..."qzjx^~%+&=.:@/?#") });
  fc.assert(
    fc.property(password, (secret) => {
      const address = `nats://user:${secret}@broker.example:4222`;
      expect(maskSecretValue(address)).toBe("nats://********@broker.example:4222");
      expect(expected("PIXELMESH_NATS_URL", "an address", address).message).not.toContain(secret.slice(0, 6));
    }),
  );
});
