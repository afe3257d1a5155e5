import { runService } from "@pixelmesh/service";
import { startUpscale, upscaleFields } from "./index.ts";

// The chart's init container: pulls models and serves nothing.
if (process.argv.some((arg) => arg.startsWith("--pull-models"))) {
  const { runPullModels } = await import("@pixelmesh/models");
  await runPullModels(process, "upscale");
} else await runService(process, "upscale", upscaleFields, startUpscale);
