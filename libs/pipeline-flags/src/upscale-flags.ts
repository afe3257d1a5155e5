import { UsageError, wrongFlag } from "@pixelmesh/flag-values";
import { UpscaleOperation } from "@pixelmesh/proto";

/** The options of `run` for enlarging. */
export type UpscaleOptions = {
  readonly upscale?: 2 | 3 | 4;
  readonly width?: number;
  readonly height?: number;
  readonly upscaleModel?: string;
  readonly denoise?: number;
  readonly sharpen?: number;
  readonly contrast?: number;
};

/** The upscale that the flags ask for; undefined for none. Throws UsageError for flags that exclude each other. */
export function toUpscale(options: UpscaleOptions): UpscaleOperation | undefined {
  const { upscale, width, height, upscaleModel, denoise, sharpen, contrast } = options;
  const sized = width !== undefined || height !== undefined;
  if (upscale !== undefined && sized) throw new UsageError("Expected --upscale, or --width and --height, got both");
  if (upscale === undefined && !sized) {
    for (const [flag, value] of Object.entries({ "upscale-model": upscaleModel, denoise, sharpen, contrast })) {
      if (value === undefined) continue;
      throw wrongFlag(`--${flag}`, "given with --upscale, --width or --height", `${value}`);
    }
    return undefined;
  }
  const isFinished = sharpen !== undefined || contrast !== undefined;
  return UpscaleOperation.fromPartial({
    scale: upscale ?? 0,
    model: upscaleModel ?? "",
    ...(sized ? { target: { widthPx: width ?? 0, heightPx: height ?? 0 } } : {}),
    ...(denoise === undefined ? {} : { denoise }),
    ...(isFinished ? { finishing: { sharpen: sharpen ?? 0, contrast: contrast ?? 0 } } : {}),
  });
}
