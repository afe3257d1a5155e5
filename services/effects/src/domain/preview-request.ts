import { AppError, expected } from "@pixelmesh/errors";
import { parseEncoding, type ResolvedEncoding } from "@pixelmesh/imaging";
import { Encoding, type PreviewEffectsRequest, type PreviewPictureHeader } from "@pixelmesh/proto";
import { parseOperation } from "./catalogue/catalogue.ts";
import type { ParsedEffect } from "./catalogue/define-effect.ts";
import { parsePreviewSide } from "./preview.ts";

/** A checked request for a preview, without its source. */
export type PreviewPlan = {
  readonly effects: readonly ParsedEffect[];
  /** Longer side in pixels. */
  readonly sidePx: number;
  readonly encoding: Encoding;
  /** The encoding with its defaults filled in. */
  readonly resolvedEncoding: ResolvedEncoding;
  /** Empty: no view. */
  readonly viewer: string;
};

/** The source that a request names. */
export type NamedSource =
  | { readonly $case: "picture"; readonly bytes: Uint8Array }
  | { readonly $case: "stored"; readonly sha256: string };

const maxViewerLength = 64;

/** Checks all of a request besides its source. Throws INVALID_ARGUMENT with the wrong field, or UNKNOWN_EFFECT. */
export function parsePreviewPlan(
  request: Pick<PreviewPictureHeader, "operation" | "maxSidePx" | "mode" | "encoding" | "viewer">,
): PreviewPlan {
  const effects = parseOperation(request.operation ?? { effects: [] });
  const sidePx = parsePreviewSide(request.maxSidePx, request.mode);
  const encoding = request.encoding ?? Encoding.create();
  const resolvedEncoding = parseEncoding(encoding);
  const { length } = [...request.viewer];
  if (length > maxViewerLength)
    throw expected("viewer", `at most ${maxViewerLength} characters`, `${length} characters`);
  return { effects, sidePx, encoding, resolvedEncoding, viewer: request.viewer };
}

/**
 * Returns the source of a request. Throws INVALID_ARGUMENT unless exactly one is given, for a digest in another form, and for an output of
 * a job: this service does not know jobs.
 */
export function parsePreviewSource({
  picture,
  sha256,
  jobOutput,
}: Pick<PreviewEffectsRequest, "picture" | "sha256" | "jobOutput">): NamedSource {
  const given = [
    ...(picture.length > 0 ? ["picture"] : []),
    ...(sha256 === "" ? [] : ["sha256"]),
    ...(jobOutput === undefined ? [] : ["job_output"]),
  ];
  if (given.length !== 1) throw notOneSource(given);
  if (jobOutput !== undefined)
    throw expected("job_output", "absent here: ask ingest, which finds the picture of a job", jobOutput.jobId);
  if (sha256 === "") return { $case: "picture", bytes: picture };
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw expected("sha256", "64 hexadecimal digits in lower case", sha256);
  return { $case: "stored", sha256 };
}

function notOneSource(given: readonly string[]): AppError {
  const got = given.length === 0 ? "none" : given.map((field) => `\`${field}\``).join(" and ");
  const description = `Expected one of \`picture\`, \`sha256\` and \`job_output\`, got ${got}`;
  const fields = given.length === 0 ? ["picture", "sha256", "job_output"] : given;
  return new AppError("INVALID_ARGUMENT", description, { fields: fields.map((field) => ({ field, description })) });
}

/** Returns the names of a preview's effects and its side, for people: "black_and_white, dither at 300 px". */
export function describePreview({ effects, sidePx }: Pick<PreviewPlan, "effects" | "sidePx">): string {
  return `${effects.map(({ name }) => name).join(", ")} at ${sidePx} px`;
}

/** Returns a text that is equal for requests whose previews of one source are equal: effects with all settings, revisions, side, encoding. */
export function previewKey({ effects, sidePx, resolvedEncoding }: PreviewPlan): string {
  const chain = effects.map(({ name, revision, resolved }) => [name, revision, resolved.parameters]);
  return JSON.stringify([chain, sidePx, resolvedEncoding]);
}
