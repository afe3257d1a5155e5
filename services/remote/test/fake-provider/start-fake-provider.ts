import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Behaviour, FakeProviderOptions, FakeStats, Fault, RequestLine } from "./behaviour.ts";

/** Commands to a fake provider, and what it counted. */
export type FakeControl = {
  /** Changes what a model does; `*`: every model that has no behaviour of its own. Predictions that were created keep theirs. */
  behave(model: string, behaviour: Partial<Behaviour>): Promise<void>;
  /** Makes calls go wrong. Faults are tried in the order of their announcement. */
  fail(fault: Fault): Promise<void>;
  /** Ends all faults and behaviours, and sets the counts back; open predictions stay counted as open. */
  reset(): Promise<void>;
  stats(): Promise<FakeStats>;
  /** The requests since the start or the last reset, without those of this control. */
  requests(): Promise<readonly RequestLine[]>;
};

/** A process that speaks the APIs of providers. */
export type FakeProvider = {
  /** Replicate at `${url}/v1`, OpenAI at `${url}/openai/v1`, a generic one at `${url}/generic`. */
  readonly url: string;
  /** Where the files of results are: another port. */
  readonly filesUrl: string;
  /** `127.0.0.1:PORT` of both, for rules of hosts. */
  readonly host: string;
  readonly filesHost: string;
  readonly pid: number;
  readonly control: FakeControl;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts a fake provider in a process of its own. It ends with this process. Throws where it does not start. */
export async function startFakeProvider(options: FakeProviderOptions = {}): Promise<FakeProvider> {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const flags = ["--conditions=development", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...flags, main, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, "line"), exited.then(() => [])])) as [string?];
  if (line === undefined) throw new Error("The fake provider did not start: see its error output");
  const { url, filesUrl } = JSON.parse(line) as { url: string; filesUrl: string };

  async function ask(path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${url}/control/${path}`, { method: "POST", body: JSON.stringify(body ?? {}) });
    if (!response.ok) throw new Error(`The fake provider answered ${response.status} to ${path}`);
    return response.json();
  }
  async function close(): Promise<void> {
    child.stdin.end();
    await exited;
  }
  return {
    url,
    filesUrl,
    host: new URL(url).host,
    filesHost: new URL(filesUrl).host,
    pid: child.pid as number,
    control: {
      behave: async (model, behaviour) => void (await ask("behave", { model, behaviour })),
      fail: async (fault) => void (await ask("fail", fault)),
      reset: async () => void (await ask("reset")),
      stats: async () => (await ask("stats")) as FakeStats,
      requests: async () => (await ask("requests")) as RequestLine[],
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
