import type { AppError } from "@pixelmesh/errors";
import { Encoding, ImageFormat, PreviewEffectsRequest } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import { describePreview, parsePreviewPlan, parsePreviewSource, previewKey } from "./preview-request.ts";

const digest = "0a".repeat(32);
const chain = { effects: [{ name: "black_and_white", parameters: {} }] };

const toRequest = (request: Parameters<typeof PreviewEffectsRequest.fromPartial>[0]) =>
  PreviewEffectsRequest.fromPartial({ operation: chain, ...request });
const plan = (request: Parameters<typeof toRequest>[0] = {}) => parsePreviewPlan(toRequest(request));
const contrast = (value: number) => ({
  effects: [{ name: "black_and_white", parameters: { contrast: { kind: { $case: "number" as const, value } } } }],
});

function failure(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    return error as AppError;
  }
  throw new Error("Expected a failure");
}
const fieldsOf = (work: () => unknown) => failure(work).fields.map(({ field }) => field);

describe("a source", () => {
  test("is the bytes or a digest", () => {
    const picture = Uint8Array.of(1, 2);
    expect(parsePreviewSource(toRequest({ picture }))).toEqual({ $case: "picture", bytes: picture });
    expect(parsePreviewSource(toRequest({ sha256: digest }))).toEqual({ $case: "stored", sha256: digest });
  });

  test("is exactly one", () => {
    const picture = Uint8Array.of(1);
    const jobOutput = { jobId: "job", name: "" };
    expect(fieldsOf(() => parsePreviewSource(toRequest({})))).toEqual(["picture", "sha256", "job_output"]);
    expect(fieldsOf(() => parsePreviewSource(toRequest({ picture, sha256: digest })))).toEqual(["picture", "sha256"]);
    expect(fieldsOf(() => parsePreviewSource(toRequest({ picture, jobOutput })))).toEqual(["picture", "job_output"]);
  });

  test("of a job is found by ingest only", () => {
    const error = failure(() => parsePreviewSource(toRequest({ jobOutput: { jobId: "job", name: "" } })));
    expect(error).toMatchObject({ reason: "INVALID_ARGUMENT", fields: [{ field: "job_output" }] });
    expect(error.message).toContain("ask ingest");
  });

  test("has a digest of 64 hexadecimal digits", () => {
    for (const sha256 of ["0a", digest.toUpperCase(), `${digest}0`, "zz".repeat(32)])
      expect(fieldsOf(() => parsePreviewSource(toRequest({ sha256 })))).toEqual(["sha256"]);
  });
});

describe("a plan", () => {
  test("names the wrong field", () => {
    expect(fieldsOf(() => plan({ operation: { effects: [] } }))).toEqual(["operation.effects"]);
    expect(fieldsOf(() => parsePreviewPlan(PreviewEffectsRequest.create()))).toEqual(["operation.effects"]);
    expect(fieldsOf(() => plan({ maxSidePx: 5 }))).toEqual(["max_side_px"]);
    expect(fieldsOf(() => plan({ maxSidePx: 300, mode: 1 }))).toEqual(["max_side_px"]);
    expect(fieldsOf(() => plan({ mode: 9 as never }))).toEqual(["mode"]);
    expect(fieldsOf(() => plan({ viewer: "v".repeat(65) }))).toEqual(["viewer"]);
    expect(fieldsOf(() => plan({ encoding: { quality: 101 } }))).toEqual(["encoding.quality"]);
    expect(failure(() => plan({ operation: { effects: [{ name: "blur_9" }] } })).reason).toBe("UNKNOWN_EFFECT");
  });

  test("takes a viewer of 64 characters", () => {
    expect(plan({ viewer: "😀".repeat(64) }).viewer).toBe("😀".repeat(64));
  });

  test("is described by its effects and its side", () => {
    const effects = [{ name: "black_and_white" }, { name: "dither" }];
    expect(describePreview(plan({ operation: { effects }, mode: 2 }))).toBe("black_and_white, dither at 500 px");
  });
});

describe("the key of a preview", () => {
  const key = (request: Parameters<typeof toRequest>[0]) => previewKey(plan(request));

  test("is equal for requests that differ in defaults only", () => {
    const byDefault = plan().effects[0]?.resolved.parameters.contrast?.kind;
    expect(byDefault?.$case).toBe("number");
    const given = key({ operation: contrast(byDefault?.value as number), mode: 1, viewer: "left" });
    expect(given).toBe(key({}));
    expect(key({ encoding: { format: ImageFormat.AUTO, background: "#FFFFFF" } })).toBe(key({}));
    expect(key({ maxSidePx: 300 })).toBe(key({}));
  });

  test("differs with a setting, the side, the encoding and the order of effects", () => {
    const [a, b] = [{ name: "black_and_white" }, { name: "dither" }];
    const requests = [
      {},
      { operation: contrast(1.25) },
      { mode: 2 as const },
      { encoding: Encoding.fromPartial({ format: ImageFormat.JPEG }) },
      { encoding: Encoding.fromPartial({ format: ImageFormat.JPEG, quality: 50 }) },
      { operation: { effects: [a, b] } },
      { operation: { effects: [b, a] } },
    ];
    expect(new Set(requests.map(key)).size).toBe(requests.length);
  });
});
