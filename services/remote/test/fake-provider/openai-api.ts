import { type FakeAnswer, type FakeCall, type FakeRequest, json, parseBody } from "./exchange.ts";
import type { FakeState } from "./fake-state.ts";
import { toOutput } from "./outputs.ts";

/** Finds the call of a request to image endpoints in the style of OpenAI, below `/openai/v1`. Undefined for another path. */
export async function toOpenaiCall(state: FakeState, request: FakeRequest): Promise<FakeCall | undefined> {
  const { method, url } = request;
  if (method !== "POST") return undefined;
  if (url.pathname === "/openai/v1/images/generations") {
    const body = parseBody(request.body) ?? {};
    const model = String(body.model ?? "");
    return { at: "create", model, act: () => answer(state, model, body, []) };
  }
  if (url.pathname !== "/openai/v1/images/edits") return undefined;
  const form = await readForm(request);
  const model = String(form?.get("model") ?? "");
  const act = async () => {
    const files = form === undefined ? [] : await Promise.all([...form.values()].map(toBytes));
    const fields = form === undefined ? {} : Object.fromEntries(form.entries());
    return answer(state, model, fields, files.flat());
  };
  return { at: "create", model, act };
}

async function readForm({ headers, body }: FakeRequest): Promise<FormData | undefined> {
  const type = headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) return undefined;
  return new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData().catch(() => undefined);
}

async function toBytes(value: File | string): Promise<Buffer[]> {
  return typeof value === "string" ? [] : [Buffer.from(await value.arrayBuffer())];
}

async function answer(
  state: FakeState,
  model: string,
  fields: Readonly<Record<string, unknown>>,
  files: readonly Buffer[],
): Promise<FakeAnswer> {
  if (typeof fields.prompt !== "string" || fields.prompt === "")
    return refuse(400, "Missing required parameter: 'prompt'.");
  if (model === "") return refuse(400, "Missing required parameter: 'model'.");
  const prediction = state.predictions.create({ model, input: fields, files });
  await prediction.ended;
  if (prediction.status !== "succeeded") return refuse(500, "The server had an error while processing your request.");
  const { behaviour, pictures } = prediction;
  if (behaviour.output === "text") return json(200, { created: 1, data: [] });
  const data =
    behaviour.output === "address"
      ? [toOutput(prediction, state.filesUrl)].flat().map((url) => ({ url }))
      : pictures.map((bytes) => ({ b64_json: bytes.toString("base64") }));
  return json(200, { created: Math.floor(prediction.createdMs / 1_000), data, usage: { total_tokens: 100 } });
}

function refuse(status: number, message: string): FakeAnswer {
  const type = status === 400 ? "invalid_request_error" : "server_error";
  return json(status, { error: { message, type, param: null, code: null } });
}
