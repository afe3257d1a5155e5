import { execFile } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectBus, openStore } from "@pixelmesh/bus";
import { type AppError, type ConnectOptions, connectPixelmesh, JobState } from "@pixelmesh/client";
import { ServiceEntry } from "@pixelmesh/proto";
import { connectRpc, HealthDefinition } from "@pixelmesh/rpc";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { makeTestCa } from "@pixelmesh/testing/security";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type SecuredMesh, startSecuredMesh } from "../support/secured-mesh.ts";

let mesh: SecuredMesh;
beforeAll(async () => {
  mesh = await startSecuredMesh();
}, 150_000);
afterAll(async () => mesh?.[Symbol.asyncDispose]());

const pipeline = () => ({ steps: [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() })] });

/** Makes one call to ingest. Resolves with "served" or the reason of the failure. */
async function callWith(options: Partial<ConnectOptions>): Promise<string> {
  const address = mesh.address("ingest");
  const { tls, token } = mesh;
  const client = connectPixelmesh({
    address,
    tls: { ...tls, serverName: "pixelmesh" },
    token,
    retryTimeoutMs: 0,
    ...options,
  });
  try {
    await client.cluster();
    return "served";
  } catch (error) {
    return (error as AppError).reason;
  } finally {
    client.close();
  }
}

test("a job runs where every process has a certificate, the broker requires credentials, and ingest requires a token", async () => {
  const { token, tls } = mesh;
  const client = connectPixelmesh({ address: mesh.address("ingest"), tls: { ...tls, serverName: "pixelmesh" }, token });
  const job = await client.jobs.create({ pipeline: pipeline(), pictures: [{ bytes: robot }] });
  expect((await client.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
  const { chunks } = await client.jobs.download(job.id, "result");
  expect(Buffer.concat(await Array.fromAsync(chunks)).length).toBeGreaterThan(1_000);
  // The other replica of ingest was called too.
  const { replicas, missing } = await client.stats();
  expect([missing, replicas.map(({ instance }) => instance).sort()]).toEqual([[], ["0", "1"]]);
  client.close();
});

test("callers without a certificate, with another CA, an expired certificate or a wrong token are refused with the reason", async () => {
  const { ca, tls } = mesh;
  const other = await makeTestCa(mesh.dir, "other-ca");
  const past = { notBefore: new Date(Date.now() - 2e8), notAfter: new Date(Date.now() - 1e8) };
  const serverName = "pixelmesh";
  expect(await callWith({})).toBe("served");
  expect(await callWith({ tls: {} }), "plaintext").toBe("SERVICE_UNAVAILABLE");
  expect(await callWith({ tls: { caFile: ca.caFile, serverName } }), "no certificate").toBe("SERVICE_UNAVAILABLE");
  expect(await callWith({ tls: { ...tls, caFile: other.caFile, serverName } }), "other CA").toBe("SERVICE_UNAVAILABLE");
  const stranger = { ...(await other.issue("caller")), caFile: ca.caFile, serverName };
  expect(await callWith({ tls: stranger }), "certificate of another CA").toBe("SERVICE_UNAVAILABLE");
  const expired = { ...(await ca.issue("expired", past)), caFile: ca.caFile, serverName };
  expect(await callWith({ tls: expired }), "expired").toBe("SERVICE_UNAVAILABLE");
  expect(await callWith({ token: "another-token-0123456789" }), "wrong token").toBe("UNAUTHENTICATED");
  expect(await callWith({ token: "" }), "no token").toBe("UNAUTHENTICATED");
  const missing = { ...tls, certFile: join(mesh.dir, "missing.pem") };
  await expect(callWith({ tls: missing })).rejects.toThrow("Expected tls.certFile to be a file that can be read");
  // Storage is behind the edge: it requires no token, but a certificate.
  expect(await callWith({ address: mesh.address("storage"), tls: {} })).toBe("SERVICE_UNAVAILABLE");
  expect(await mesh.metrics("ingest")).toMatch(
    /pixelmesh_refused_requests_total\{.*reason="UNAUTHENTICATED"\} ([2-9]|\d\d)/,
  );
});

test("an address that was planted in the bucket of services gets no token and no call of ingest", async () => {
  const calls: Buffer[] = [];
  const impostor = createServer((socket) => socket.on("data", (bytes) => calls.push(bytes)));
  await new Promise<void>((resolve) => impostor.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void impostor.close());
  const { port } = impostor.address() as AddressInfo;
  const store = await openStore(mesh.bus, "services", ServiceEntry);
  const grpcAddress = `127.0.0.1:${port}`;
  await store.put("ingest.9", ServiceEntry.fromPartial({ service: "ingest", instance: "9", grpcAddress }));
  const client = connectPixelmesh({
    address: mesh.address("ingest"),
    tls: { ...mesh.tls, serverName: "pixelmesh" },
    token: mesh.token,
  });
  onTestFinished(client.close);
  const { replicas, missing } = await client.stats();
  expect([missing, replicas.map(({ instance }) => instance).sort()]).toEqual([["ingest-9"], ["0", "1"]]);
  expect(calls).toEqual([]);
  await store.delete("ingest.9");
});

test("the broker admits only clients with its CA's certificate and credentials of its account, and the reason names what is missing", async () => {
  const { ca, tls, operator, brokerUrl: natsUrl } = mesh;
  const log = createLogger({ service: "test", level: "silent" });
  const options = {
    natsUrl,
    natsReplicas: 1,
    ackWaitMs: 1_000,
    name: "test",
    log,
    metrics: createMetrics("test", "0"),
  };
  const files = { natsTlsCaFile: ca.caFile, natsTlsCertFile: tls.certFile, natsTlsKeyFile: tls.keyFile };
  const other = await makeTestCa(mesh.dir, "other-nats-ca");
  const failures = await Promise.all(
    [
      { ...files, natsCredsFile: operator.strangerCredsFile },
      { ...files },
      { ...files, natsTlsCaFile: other.caFile, natsCredsFile: operator.credsFile },
    ].map((wrong) => connectBus({ ...options, ...wrong }).catch((error: AppError) => error)),
  );
  expect(failures).toMatchObject([
    { reason: "BROKER_UNAVAILABLE", message: "The NATS server refuses the credentials" },
    { reason: "BROKER_UNAVAILABLE", message: "The NATS server refuses the credentials" },
    { reason: "BROKER_UNAVAILABLE", message: "TLS with the NATS server at the configured address failed" },
  ]);
  const noCreds = connectBus({ ...options, ...files, natsCredsFile: tls.keyFile });
  await expect(noCreds).rejects.toThrow("Expected PIXELMESH_NATS_CREDS_FILE to hold a user's JWT and seed");
});

test("health stays plaintext, the command line takes files and token, and no log holds the token or a key", async () => {
  const services = await runStatus({ PIXELMESH_API_TOKEN: mesh.token });
  expect(services.code, services.err).toBe(0);
  expect(JSON.parse(services.out).services).toHaveLength(5);
  for (const { version, healthAddress } of JSON.parse(services.out).services) {
    expect(version).toBe("1.2.3-canary");
    const connection = connectRpc(healthAddress);
    expect((await connection.client(HealthDefinition).check({ service: "readiness" })).status).toBe(1);
    connection.close();
  }
  expect(await runStatus({})).toMatchObject({ code: 1, err: expect.stringContaining("UNAUTHENTICATED") });
  for (const service of ["ingest", "scheduler", "storage", "effects", "peer"] as const) {
    expect(mesh.errorOutput(service)).not.toContain(mesh.token);
    expect(mesh.errorOutput(service)).not.toContain("PRIVATE KEY");
    expect(mesh.errorOutput(service)).toContain('"version":"1.2.3-canary"');
    expect(await mesh.metrics(service)).toMatch(/pixelmesh_build_info\{.*version="1.2.3-canary"/);
    expect(await mesh.metrics(service)).toMatch(/pixelmesh_tls_certificate_end_seconds 1\d{9}/);
  }
});

/** Runs `pixelmesh status` with the files of a caller as flags. */
function runStatus(env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  const { caFile, certFile, keyFile } = mesh.tls;
  const main = fileURLToPath(new URL("../../libs/cli/src/main.ts", import.meta.url));
  const files = ["--tls-ca", caFile, "--tls-cert", certFile, "--tls-key", keyFile, "--tls-server-name", "pixelmesh"];
  const command = ["status", "--json", "--address", `dns:///${mesh.address("ingest")}`, ...files];
  const args = ["--conditions=development", "--disable-warning=ExperimentalWarning", main, ...command];
  const options = { env: { ...process.env, ...env }, timeout: 60_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}
