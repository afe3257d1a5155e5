import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHttpReceiver } from "@pixelmesh/testing/processes";
import { expect, onTestFinished, test, vi } from "vitest";
import { openBucket, startSmallServer } from "./s3-test-bucket.ts";

/** Starts the server, and a directory for files of credentials. No credentials are in the environment. */
async function startWithoutCredentials() {
  const server = await startSmallServer();
  const directory = mkdtempSync(join(tmpdir(), "pixelmesh-credentials-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"]) vi.stubEnv(name, undefined);
  for (const name of ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]) vi.stubEnv(name, join(directory, "none"));
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  return { server, write, ...server.signing };
}

test("credentials come from the profile of a file", async () => {
  const { server, write, accessKey, secretKey } = await startWithoutCredentials();
  const text = `[mesh]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`;
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", write("credentials", text));
  vi.stubEnv("AWS_PROFILE", "mesh");
  await (await openBucket(server)).check();
});

test("credentials come from the token of a web identity, and are asked for once", async () => {
  const { server, write, accessKey, secretKey } = await startWithoutCredentials();
  const fields = `<AccessKeyId>${accessKey}</AccessKeyId><SecretAccessKey>${secretKey}</SecretAccessKey>
    <SessionToken>session-1</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>`;
  await using tokens = await startHttpReceiver((_, response) => {
    const result = `<AssumeRoleWithWebIdentityResult><Credentials>${fields}</Credentials></AssumeRoleWithWebIdentityResult>`;
    response.end(`<AssumeRoleWithWebIdentityResponse>${result}</AssumeRoleWithWebIdentityResponse>`);
  });
  vi.stubEnv("AWS_ENDPOINT_URL_STS", tokens.url(""));
  vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", write("token", "token-of-the-pod"));
  vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/mesh");
  const store = await openBucket(server);
  await Promise.all([store.check(), store.check(), store.list(1)]);
  expect(tokens.calls.map(({ body }) => new URLSearchParams(body.toString()).get("WebIdentityToken"))).toEqual([
    "token-of-the-pod",
  ]);
  expect(server.log.at(-1)?.headers["x-amz-security-token"]).toBe("session-1");
});

test("missing credentials are named with their variables", async () => {
  const { server } = await startWithoutCredentials();
  const store = await openBucket(server);
  await expect(store.check()).rejects.toMatchObject({
    reason: "STORAGE_UNAVAILABLE",
    message: expect.stringMatching(/there are no credentials.*AWS_ACCESS_KEY_ID/),
  });
});
