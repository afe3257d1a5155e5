import type { Prediction } from "./predictions.ts";

/** Path of a picture of a prediction on the server of files. */
function pathOf({ id }: Prediction, at: number): string {
  return `/files/${id}/out-${at}.png`;
}

/** The output of an ended prediction in the form of its model. Undefined before its end. */
export function toOutput(prediction: Prediction, filesUrl: string): unknown {
  const { status, pictures, behaviour } = prediction;
  if (status !== "succeeded") return undefined;
  const addresses = pictures.map((_, at) => `${filesUrl}${pathOf(prediction, at)}`);
  const texts = pictures.map((bytes) => bytes.toString("base64"));
  const single = <T>(list: readonly T[]) => (list.length === 1 ? list[0] : list);
  switch (behaviour.output) {
    case "address":
      return single(addresses);
    case "data_uri":
      return single(texts.map((text) => `data:image/png;base64,${text}`));
    case "b64_json":
      return { data: texts.map((text) => ({ b64_json: text })) };
    case "nested":
      return { seed: 7, result: { images: addresses.map((url) => ({ content: { url, content_type: "image/png" } })) } };
    case "file_object":
      return addresses.map((url) => ({ url, file_name: "out.png", content_type: "image/png" }));
    case "text":
      return "A description of the picture, and no picture";
    default:
      return undefined;
  }
}

/** Finds the bytes of an address of a file: of a result, or of a picture that was sent. */
export function findFile(
  path: string,
  find: (id: string) => Prediction | undefined,
  sent: ReadonlyMap<string, Buffer>,
): Buffer | undefined {
  const [, id = "", at = ""] = /^\/files\/([a-z0-9]+)\/out-(\d+)\.png$/.exec(path) ?? [];
  return find(id)?.pictures[Number(at)] ?? sent.get(path);
}

/** The server-sent events of a prediction: its addresses, or what it failed of, and the end. */
export async function* toEvents(prediction: Prediction, filesUrl: string): AsyncGenerator<string, void, undefined> {
  yield ": hi\n\n";
  await prediction.ended;
  const event = (name: string, data: string) => `event: ${name}\nid: ${prediction.endedMs}:0\ndata: ${data}\n\n`;
  if (prediction.status === "succeeded")
    for (const at of prediction.pictures.keys()) yield event("output", `${filesUrl}${pathOf(prediction, at)}`);
  else if (prediction.status === "failed") yield event("error", JSON.stringify({ detail: prediction.error }));
  yield event("done", prediction.status === "succeeded" ? "{}" : JSON.stringify({ reason: "error" }));
}
