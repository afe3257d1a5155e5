import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

/** How to reach an API server. */
export type KubeAccess = { readonly url: string; readonly token: string; readonly caFile: string };

/** An answer of the API server other than 2xx. */
export class KubeRefusal extends Error {
  readonly status: number;
  constructor(method: string, path: string, status: number, text: string) {
    super(`${method} ${path}: ${status} ${messageOf(text)}`);
    this.name = "KubeRefusal";
    this.status = status;
  }
}

/** One change of a watched list. */
export type WatchEvent<T> = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
};

/** Calls of the Kubernetes API. Paths begin with /api or /apis. Every call but `watch` ends after 20 s. */
export type KubeApi = {
  get<T>(path: string): Promise<T>;
  /** The items of a list. */
  list<T>(path: string): Promise<T[]>;
  create(path: string, object: object): Promise<void>;
  /** A strategic merge patch, or a JSON merge patch for custom resources. */
  patch(path: string, change: object, type?: "strategic-merge" | "merge"): Promise<void>;
  /** Deletes an object. One that is gone already is no error. */
  remove(path: string, options?: object): Promise<void>;
  /** The changes of a list from now on, until `signal` aborts. */
  watch<T>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>>;
};

const callMs = 20_000;
/** The API server answers so while it prepares a kind that is listed for the first time. The call is then made again. */
const tooMany = 429;
const retryMs = 500;

/** Returns a client for an API server. Its connections do not keep the process alive. */
export function connectKubeApi(access: KubeAccess): KubeApi {
  const agent = new Agent({ ca: readFileSync(access.caFile), keepAlive: true, maxSockets: 16 });
  const open = (method: string, path: string, body: object | undefined, type: string, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const bytes = Buffer.from(body === undefined ? "" : JSON.stringify(body));
      const headers = {
        authorization: `Bearer ${access.token}`,
        accept: "application/json",
        "content-type": type,
        // Without it Node sends the body of a DELETE with no length, and the server reads none.
        "content-length": bytes.length,
      };
      const call = request(new URL(path, access.url), { method, headers, agent, signal });
      call.once("response", resolve).once("error", reject);
      call.end(bytes);
    });

  async function call(method: string, path: string, body?: object, type = "application/json"): Promise<string> {
    const limit = AbortSignal.timeout(callMs);
    for (;;) {
      const answer = await open(method, path, body, type, limit);
      const text = await readText(answer);
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status <= 299) return text;
      if (status !== tooMany) throw new KubeRefusal(method, path, status, text);
      await sleep(retryMs, undefined, { signal: limit });
    }
  }

  const get = async <T>(path: string) => JSON.parse(await call("GET", path)) as T;
  return {
    get,
    list: async <T>(path: string) => (await get<{ items: T[] }>(path)).items,
    async create(path, object) {
      await call("POST", path, object);
    },
    async patch(path, change, kind = "strategic-merge") {
      await call("PATCH", path, change, `application/${kind}-patch+json`);
    },
    async remove(path, options) {
      await call("DELETE", path, options).catch((error) => {
        if (!(error instanceof KubeRefusal && error.status === 404)) throw error;
      });
    },
    async *watch<T>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
      const { metadata } = await get<{ metadata: { resourceVersion: string } }>(path);
      const query = `watch=1&resourceVersion=${metadata.resourceVersion}`;
      const answer = await open("GET", `${path}${path.includes("?") ? "&" : "?"}${query}`, undefined, "", signal);
      let rest = "";
      for await (const chunk of answer.setEncoding("utf8")) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield JSON.parse(line) as WatchEvent<T>;
      }
    },
  };
}

async function readText(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += chunk;
  return text;
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 500);
  }
}
