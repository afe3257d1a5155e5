import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTestCa } from "@pixelmesh/testing/security";
import { expect, onTestFinished, test } from "vitest";
import { connectKubeApi, type KubeApi } from "./kube-api.ts";

type Request = { readonly method: string; readonly url: string; readonly body: string };

/** Connects to a server that answers with these statuses in turn, then with 200, and keeps what it was asked. */
async function connect(statuses: readonly number[]): Promise<{ api: KubeApi; requests: readonly Request[] }> {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-kube-api-"));
  const ca = await makeTestCa(dir);
  const { certFile, keyFile } = await ca.issue("server");
  const requests: Request[] = [];
  const server = createServer(
    { cert: readFileSync(certFile), key: readFileSync(keyFile) },
    async (request, response) => {
      let body = "";
      for await (const chunk of request.setEncoding("utf8")) body += chunk;
      requests.push({ method: request.method ?? "", url: request.url ?? "", body });
      const status = statuses[requests.length - 1] ?? 200;
      response.writeHead(status).end(JSON.stringify(status === 200 ? { items: ["one"] } : { message: "refused" }));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { api: connectKubeApi({ url, token: "of the test", caFile: ca.caFile }), requests };
}

test("the options of a deletion reach the server", async () => {
  const { api, requests } = await connect([]);
  await api.remove("/api/v1/pods/one", { gracePeriodSeconds: 0 });
  expect(requests).toEqual([{ method: "DELETE", url: "/api/v1/pods/one", body: '{"gracePeriodSeconds":0}' }]);
});

test("a list that the server does not serve yet is asked for again", async () => {
  const { api, requests } = await connect([429]);
  expect(await api.list("/api/v1/pods")).toEqual(["one"]);
  expect(requests).toHaveLength(2);
});

test("a refusal is named, and what is gone already may be deleted", async () => {
  const { api } = await connect([403, 404]);
  await expect(api.create("/api/v1/pods", {})).rejects.toThrow("POST /api/v1/pods: 403 refused");
  await api.remove("/api/v1/pods/one");
});
