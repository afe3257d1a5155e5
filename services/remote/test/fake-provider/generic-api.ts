import { type FakeAnswer, type FakeCall, type FakeRequest, json, parseBody } from "./exchange.ts";
import type { FakeState } from "./fake-state.ts";
import { toOutput } from "./outputs.ts";
import type { Prediction } from "./predictions.ts";

const states: Readonly<Record<string, string>> = {
  starting: "QUEUED",
  processing: "RUNNING",
  succeeded: "DONE",
  failed: "ERROR",
  canceled: "STOPPED",
  aborted: "STOPPED",
};

/** Finds the call of a request to a provider of no standard, below `/generic`. Undefined for another path. It knows idempotency keys. */
export function toGenericCall(state: FakeState, request: FakeRequest): FakeCall | undefined {
  const { method, url, body } = request;
  const fields = parseBody(body);
  const model = String(fields?.model ?? "generic");
  if (method === "POST" && url.pathname === "/generic/sync")
    return { at: "create", model, act: () => answerAtOnce(state, model, fields) };
  if (method === "POST" && url.pathname === "/generic/jobs")
    return { at: "create", model, act: async () => json(202, view(state, createOnce(state, request, model, fields))) };
  const [, id = "", action] = /^\/generic\/jobs\/([a-z0-9]+)(\/stop)?$/.exec(url.pathname) ?? [];
  const prediction = state.predictions.find(id);
  if (!prediction) return undefined;
  const show = async () => json(200, view(state, prediction));
  if (method === "GET" && action === undefined) return { at: "get", model: prediction.model, act: show };
  if ((method === "POST" && action !== undefined) || (method === "DELETE" && action === undefined)) {
    const act = () => {
      state.predictions.cancel(prediction);
      return show();
    };
    return { at: "cancel", model: prediction.model, act };
  }
  return undefined;
}

function createOnce(state: FakeState, request: FakeRequest, model: string, input: unknown): Prediction {
  const key = request.headers["idempotency-key"];
  const known = key === undefined ? undefined : state.idempotent.get(key);
  if (known) return known;
  const made = state.predictions.create({ model, input });
  if (key !== undefined) state.idempotent.set(key, made);
  return made;
}

async function answerAtOnce(state: FakeState, model: string, input: unknown): Promise<FakeAnswer> {
  const prediction = state.predictions.create({ model, input });
  await prediction.ended;
  const { status, error, behaviour, pictures } = prediction;
  if (status !== "succeeded") return json(500, { message: error ?? status });
  const [picture = Buffer.alloc(0)] = pictures;
  if (behaviour.output === "bytes") return { status: 200, headers: { "content-type": "image/png" }, body: picture };
  return json(200, { took_ms: behaviour.workMs, picture: toOutput(prediction, state.filesUrl) ?? null });
}

function view(state: FakeState, prediction: Prediction): unknown {
  const { id, status, error } = prediction;
  return {
    job: { id, state: states[status] },
    result: toOutput(prediction, state.filesUrl) ?? null,
    problem: error === undefined ? null : { text: error },
  };
}
