import { createHash, createHmac } from "node:crypto";
import { type FakeAnswer, type FakeCall, type FakeRequest, json, parseBody } from "./exchange.ts";
import type { FakeState } from "./fake-state.ts";
import { toOutput } from "./outputs.ts";
import { findPictures } from "./pictures.ts";
import type { Prediction } from "./predictions.ts";

/** Signs webhooks of this server (Standard Webhooks). */
const webhookSecret = `whsec_${Buffer.from("a secret of a fake provider").toString("base64")}`;
const pageLength = 100;
const durations: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, "": 1_000 };

/** Finds the call of a request to Replicate's HTTP API, below `/v1`. Undefined for another path. */
export function toReplicateCall(state: FakeState, request: FakeRequest): FakeCall | undefined {
  const { method, url } = request;
  const path = url.pathname;
  if (method === "POST" && path === "/v1/predictions") return toCreation(state, request);
  if (method === "GET" && path === "/v1/predictions")
    return { at: "list", model: "", act: async () => json(200, list(state, url)) };
  if (method === "GET" && path === "/v1/webhooks/default/secret")
    return { at: "get", model: "", act: async () => json(200, { key: webhookSecret }) };
  const [, id = "", action] = /^\/v1\/predictions\/([a-z0-9]+)(\/cancel)?$/.exec(path) ?? [];
  if (id === "") return undefined;
  const prediction = state.predictions.find(id);
  const model = prediction?.model ?? "";
  if (method === "GET" && action === undefined)
    return { at: "get", model, act: async () => (prediction ? json(200, view(state, prediction)) : unknown()) };
  if (method !== "POST" || action === undefined) return undefined;
  const act = async () => {
    if (!prediction) return unknown();
    state.predictions.cancel(prediction);
    return json(200, view(state, prediction));
  };
  return { at: "cancel", model, act };
}

function toCreation(state: FakeState, request: FakeRequest): FakeCall {
  const body = parseBody(request.body);
  const model = String(body?.version ?? "").replace(/^.*:/, "");
  const act = async (): Promise<FakeAnswer> => {
    const problem = findProblem(body);
    if (problem !== undefined)
      return json(422, { title: "Input validation failed", detail: problem, status: 422, invalid_fields: [] });
    const cancelAfterMs = toDurationMs(request.headers["cancel-after"]);
    const prediction = state.predictions.create({
      model,
      input: body?.input,
      wantsStream: body?.stream === true,
      ...(cancelAfterMs === undefined ? {} : { cancelAfterMs }),
    });
    if (typeof body?.webhook === "string") void notify(state, prediction, body.webhook);
    return json(201, view(state, prediction));
  };
  return { at: "create", model, act };
}

function findProblem(body: Record<string, unknown> | undefined): string | undefined {
  if (typeof body?.version !== "string" || body.version === "") return "- version: version is required\n";
  if (typeof body.input !== "object" || body.input === null) return "- input: input is required\n";
  if (Object.values(body.input).includes("{{picture}}")) return "- input: Does not match format 'uri'\n";
  return undefined;
}

function unknown(): FakeAnswer {
  return json(404, { title: "Not found", detail: "The requested resource could not be found.", status: 404 });
}

function view(state: FakeState, prediction: Prediction, input: unknown = prediction.input): unknown {
  const { id, model, status, behaviour, createdMs, startedMs, endedMs, error, wantsStream } = prediction;
  const address = `${state.url}/v1/predictions/${id}`;
  const streams = wantsStream || behaviour.output === "stream";
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  const isDone = endedMs !== undefined && startedMs !== undefined;
  return {
    id,
    model: `tests/${model}`,
    version: model,
    input,
    logs: status === "starting" ? "" : " 50%|#####     | 10/20 [00:01<00:01]\n",
    output: toOutput(prediction, state.filesUrl) ?? null,
    data_removed: false,
    error: error ?? null,
    source: "api",
    status,
    created_at: time(createdMs),
    started_at: time(startedMs),
    completed_at: time(endedMs),
    metrics: isDone ? { predict_time: (endedMs - startedMs) / 1_000 } : {},
    urls: {
      get: address,
      cancel: `${address}/cancel`,
      ...(streams ? { stream: `${state.filesUrl}/stream/${id}` } : {}),
    },
  };
}

function list(state: FakeState, url: URL): unknown {
  const after = Date.parse(url.searchParams.get("created_after") ?? "1970-01-01T00:00:00Z");
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const all = state.predictions.list().filter(({ createdMs }) => createdMs >= after);
  const next = new URL(`${url.pathname}${url.search}`, state.url);
  next.searchParams.set("cursor", String(from + pageLength));
  return {
    previous: null,
    next: from + pageLength < all.length ? next.href : null,
    results: all
      .slice(from, from + pageLength)
      .map((prediction) => view(state, prediction, listedInput(state, prediction))),
  };
}

/** The input of a prediction as a list shows it. */
function listedInput(state: FakeState, { input }: Prediction): unknown {
  if (state.options.listedInputs === "omit") return undefined;
  if (state.options.listedInputs !== "address" || typeof input !== "object" || input === null) return input;
  const entries = Object.entries(input).map(([key, value]) => {
    const [picture] = findPictures(value);
    if (picture === undefined) return [key, value];
    const path = `/files/sent/${createHash("sha256").update(picture).digest("hex")}.png`;
    state.sentFiles.set(path, picture);
    return [key, `${state.filesUrl}${path}`];
  });
  return Object.fromEntries(entries);
}

function toDurationMs(text: string | undefined): number | undefined {
  const [, amount, unit = ""] = /^(\d+)([smhd]?)$/.exec(text ?? "") ?? [];
  return amount === undefined ? undefined : Number(amount) * (durations[unit] ?? 0);
}

async function notify(state: FakeState, prediction: Prediction, address: string): Promise<void> {
  await prediction.ended;
  const body = JSON.stringify(view(state, prediction));
  const [id, seconds] = [`msg_${prediction.id}`, Math.floor(Date.now() / 1_000)];
  const key = Buffer.from(webhookSecret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${signature}`,
  };
  await fetch(address, { method: "POST", headers, body }).catch(() => {});
}
