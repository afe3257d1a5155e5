import { type EffectDescription, ImageFormat, type Pixelmesh, PreviewMode } from "@pixelmesh/client";
import { AppError } from "@pixelmesh/errors";
import { type EffectText, type Format, wrongFlag } from "@pixelmesh/flag-values";
import { defaultLimits, encodeFrame } from "@pixelmesh/imaging";
import { toEffect } from "@pixelmesh/pipeline-flags";
import { Encoding } from "@pixelmesh/proto";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { writeOutput } from "../run/write-output.ts";
import { assertKnown, withTypedEffects } from "./known-effects.ts";
import { makeSheet } from "./make-sheet.ts";
import type { PreviewModeName } from "./modes.ts";
import { readPicture } from "./read-picture.ts";

/** What `effects preview` was asked for. */
export type PreviewFlags = {
  readonly picture: string;
  /** Empty: a sheet of all effects. */
  readonly effects: readonly EffectText[];
  readonly mode: PreviewModeName;
  readonly format: Format;
  readonly output: string;
  readonly address: string;
};

type Effects = Parameters<Pixelmesh["previewEffects"]>[0]["effects"];

const modes = {
  fast: { mode: PreviewMode.FAST, sidePx: 300, textScale: 2 },
  balanced: { mode: PreviewMode.BALANCED, sidePx: 500, textScale: 3 },
  high: { mode: PreviewMode.HIGH, sidePx: 800, textScale: 4 },
} as const;
const formatOf = {
  auto: ImageFormat.PNG,
  png: ImageFormat.PNG,
  jpeg: ImageFormat.JPEG,
  webp: ImageFormat.WEBP,
  avif: ImageFormat.AVIF,
} as const;

/** Writes the preview of a chain of effects, or a sheet of all effects with their names. */
export async function makePreview(flags: PreviewFlags, io: CliIo): Promise<void> {
  const bytes = await readPicture(flags.picture, io);
  const made = await withMesh(io, flags.address, async (client) => {
    const catalogue = await client.effects({ signal: io.stopping });
    assertKnown(flags.effects, catalogue);
    const ask = createPreviews(client, bytes, flags, io.stopping);
    return flags.effects.length > 0 ? makeChain(ask, flags, catalogue) : encodeSheet(ask, flags, catalogue);
  });
  const { stdout } = io.streams ?? {};
  await writeOutput(flags.output, chunksOf(made), { stdout, signal: io.stopping });
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Asks for a preview of effects in a format. */
type AskPreview = (effects: Effects, format: ImageFormat) => Promise<Uint8Array>;

/** Sends the picture with the first preview, and names it by its digest from then on. */
function createPreviews(client: Pixelmesh, bytes: Uint8Array, { mode }: PreviewFlags, signal: AbortSignal): AskPreview {
  let sha256: string | undefined;
  return async (effects, format) => {
    const ask = (source: Uint8Array | { readonly sha256: string }) =>
      client.previewEffects({ source, effects, mode: modes[mode].mode, encoding: { format } }, { signal });
    const first = sha256 === undefined ? undefined : await ask({ sha256 }).catch(unlessForgotten);
    const preview = first ?? (await ask(bytes));
    sha256 = preview.sourceSha256 === "" ? undefined : preview.sourceSha256;
    return preview.bytes;
  };
}

/** The picture may be gone by now, or another replica does not know it: it is sent again. */
function unlessForgotten(error: unknown): undefined {
  if (error instanceof AppError && error.reason === "BLOB_NOT_FOUND") return;
  throw error;
}

async function makeChain(
  ask: AskPreview,
  { effects, format }: PreviewFlags,
  catalogue: readonly EffectDescription[],
): Promise<Uint8Array> {
  const noPicture = (path: string) => {
    throw wrongFlag("--effect", "without further pictures, which only `run` takes", `@${path}`);
  };
  const chain = effects.map((effect) => toEffect(effect, catalogue, noPicture));
  return ask(chain, formatOf[format]).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    const { reason, message, metadata } = error;
    throw new AppError(reason, withTypedEffects(message, effects), { metadata, cause: error });
  });
}

/** Returns the file of a sheet of all effects. */
async function encodeSheet(
  ask: AskPreview,
  { mode, format }: PreviewFlags,
  catalogue: readonly EffectDescription[],
): Promise<Uint8Array> {
  const askTile = (name: string) => ask([{ name, parameters: {} }], ImageFormat.PNG);
  const sheet = await makeSheet(catalogue, askTile, modes[mode]);
  const encoding = Encoding.fromPartial({ format: formatOf[format] });
  return (await encodeFrame(sheet, encoding, defaultLimits)).bytes;
}
