import { fillInput } from "../domain/fill-input.ts";
import type { ProviderCall, SentPicture } from "../domain/provider.ts";

/** A body and its media type. */
export type RequestBody = { readonly bytes: Uint8Array; readonly mediaType: string };

/** The input of a call as JSON, with pictures as data URIs. */
export function toJsonInput({ model, parameters, pictures }: ProviderCall): unknown {
  return fillInput(model.input, { parameters, pictureAt: (index) => toDataUri(pictures[index]) });
}

/** A JSON body. */
export function toJsonBody(value: unknown): RequestBody {
  return { bytes: Buffer.from(JSON.stringify(value)), mediaType: "application/json" };
}

/**
 * The input of a call as `multipart/form-data` (RFC 7578), with pictures as files. A list gives a field for each element; other objects are sent as JSON. `fields`
 * come first.
 */
export async function toFormBody(call: ProviderCall, fields: Readonly<Record<string, string>>): Promise<RequestBody> {
  const { model, parameters, pictures } = call;
  const filled = fillInput(model.input, { parameters, pictureAt: (index) => toFile(pictures, index) });
  const form = new FormData();
  for (const [name, text] of Object.entries(fields)) form.append(name, text);
  for (const [name, member] of Object.entries(filled as Readonly<Record<string, unknown>>))
    for (const element of Array.isArray(member) ? member : [member]) {
      if (element instanceof File) form.append(name, element);
      else form.append(name, typeof element === "object" ? JSON.stringify(element) : String(element));
    }
  const encoded = new Response(form);
  const mediaType = encoded.headers.get("content-type") ?? "";
  return { bytes: await encoded.bytes(), mediaType };
}

/** A picture as a data URI (RFC 2397). */
function toDataUri(picture: SentPicture | undefined): string | undefined {
  if (picture === undefined) return undefined;
  const { bytes, mediaType } = picture;
  return `data:${mediaType};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")}`;
}

function toFile(pictures: readonly SentPicture[], index: number): File | undefined {
  const picture = pictures[index];
  if (picture === undefined) return undefined;
  const name = `picture-${index + 1}.${picture.mediaType.split("/")[1] ?? "bin"}`;
  return new File([new Uint8Array(picture.bytes)], name, { type: picture.mediaType });
}
