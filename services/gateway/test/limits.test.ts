import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEvents } from "./read-events.ts";
import { type GatewayMesh, json, post, startGateway } from "./start-gateway.ts";

let gateway: GatewayMesh;
const dir = mkdtempSync(join(tmpdir(), "pixelmesh-gateway-"));
const tokens = ["first-token-of-the-test", "second-token-of-the-test", "third-token-of-the-test"] as const;
const origin = "https://app.example.com";
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  const file = join(dir, "tokens");
  writeFileSync(file, `${tokens.join("\n")}\n`);
  gateway = await startGateway({
    env: {
      PIXELMESH_API_TOKENS_FILE: file,
      PIXELMESH_GATEWAY_CORS_ORIGINS: origin,
      PIXELMESH_GATEWAY_REQUESTS_PER_SECOND: "5",
      PIXELMESH_GATEWAY_MAX_EVENT_STREAMS: "1",
    },
  });
}, 120_000);
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

test("tokens are passed on: ingest decides", async () => {
  const without = await fetch(`${gateway.url}/v1/jobs`);
  expect(without.status).toBe(401);
  expect(without.headers.get("www-authenticate")).toBe("Bearer");
  expect(await json(without)).toMatchObject({ reason: "UNAUTHENTICATED" });
  expect((await fetch(`${gateway.url}/v1/jobs`, { headers: bearer("an unknown token, sixteen") })).status).toBe(401);
  expect((await fetch(`${gateway.url}/v1/jobs`, { headers: bearer(tokens[1]) })).status).toBe(200);
  expect((await post(`${gateway.url}/v1/jobs?max_side=50`)).status).toBe(401);
});

test("tenants do not see each other's jobs", async () => {
  const of = (tenant: string) => ({ ...bearer(tokens[1]), "x-pixelmesh-tenant": tenant });
  const { id } = await json(post(`${gateway.url}/v1/jobs?max_side=50`, undefined, of("a")));
  expect((await fetch(`${gateway.url}/v1/jobs/${id}`, { headers: of("a") })).status).toBe(200);
  expect((await fetch(`${gateway.url}/v1/jobs/${id}`, { headers: of("b") })).status).toBe(404);
});

test("more requests than a token may send get 429 with the time to wait; other tokens are not affected", async () => {
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => fetch(`${gateway.url}/v1/health`, { headers: bearer(tokens[0]) })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(20);
  const problem = await json(refused[0] as Response);
  expect(problem).toMatchObject({ reason: "RATE_LIMITED", retryAfterMs: expect.any(Number) });
  expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect((await fetch(`${gateway.url}/v1/health`, { headers: bearer(tokens[2]) })).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, problem.retryAfterMs + 200));
  expect((await fetch(`${gateway.url}/v1/health`, { headers: bearer(tokens[0]) })).status).toBe(200);
});

test("only configured origins get the headers of CORS", async () => {
  const headers = { ...bearer(tokens[2]), origin };
  const allowed = await fetch(`${gateway.url}/v1/health`, { headers });
  expect(allowed.headers.get("access-control-allow-origin")).toBe(origin);
  expect(allowed.headers.get("vary")).toContain("Origin");
  const other = await fetch(`${gateway.url}/v1/health`, {
    headers: { ...headers, origin: "https://evil.example.com" },
  });
  expect(other.headers.get("access-control-allow-origin")).toBeNull();
  const preflight = {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "DELETE", "access-control-request-headers": "authorization" },
  };
  const answer = await fetch(`${gateway.url}/v1/jobs/x`, preflight);
  expect(answer.status).toBe(204);
  expect(answer.headers.get("access-control-allow-methods")).toContain("DELETE");
  expect(answer.headers.get("access-control-allow-headers")).toMatch(/Authorization/i);
});

test("event streams are bounded", async () => {
  const headers = bearer(tokens[1]);
  const { id } = await json(post(`${gateway.url}/v1/jobs?scale=4&no_cache`, undefined, headers));
  const first = await openEvents(`${gateway.url}/v1/jobs/${id}/events`, headers);
  await first.next();
  const second = await fetch(`${gateway.url}/v1/jobs/${id}/events`, { headers });
  expect(second.status).toBe(429);
  expect(await json(second)).toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: expect.any(Number) });
  first.cut();
  await expect
    .poll(
      async () => {
        const again = await fetch(`${gateway.url}/v1/jobs/${id}/events`, { headers });
        await again.body?.cancel();
        return again.status;
      },
      { interval: 500 },
    )
    .toBe(200);
});

test("unknown paths, methods and names are told apart", async () => {
  const headers = bearer(tokens[2]);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const missing = await fetch(`${gateway.url}/v2/jobs`, { headers });
  expect(missing.status).toBe(404);
  const method = await fetch(`${gateway.url}/v1/jobs`, { method: "PUT", headers });
  expect(method.status).toBe(405);
  expect(method.headers.get("allow")).toBe("POST, GET, HEAD");
  const name = await fetch(`${gateway.url}/v1/jobs?stat=failed`, { headers });
  expect(name.status).toBe(400);
  expect((await json(name)).detail).toContain("got `stat`");
  const explained = await (await fetch(`${gateway.url}/errors/QUEUE_FULL`)).text();
  expect(explained).toContain("A bounded queue is full");
});

test("the trace of the caller is continued, and the answer names it", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const headers = { ...bearer(tokens[2]), traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const problem = await json(fetch(`${gateway.url}/v1/jobs/none`, { headers }));
  expect(problem.traceId).toBe(traceId);
  await expect.poll(() => gateway.mesh.logs("ingest").includes(traceId)).toBe(true);
  await expect.poll(() => gateway.mesh.logs("gateway").includes(traceId)).toBe(true);
});

test("requests are measured by route and status, and metrics and health are served", async () => {
  const gatewayProcess = gateway.mesh.processes().find(({ name }) => name === "gateway");
  const page = await (await fetch(gatewayProcess?.metrics ?? "")).text();
  expect(page).toMatch(/http_server_request_duration_seconds_count\{[^}]*http_route="\/v1\/jobs\/:id"[^}]*\} \d+/);
  expect(page).toMatch(/pixelmesh_gateway_event_streams 0|pixelmesh_gateway_event_streams\{\} 0/);
  expect(page).toMatch(/pixelmesh_gateway_received_bytes_total(\{\})? [1-9]/);
  expect(page).not.toContain("/v2/jobs");
});
