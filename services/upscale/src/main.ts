import { runService } from "@pixelmesh/service";
import { isPullingModels, runPullModels } from "@pixelmesh/worker";
import { startUpscale, upscaleFields } from "./index.ts";

if (isPullingModels(process.argv)) await runPullModels(process, "upscale");
else await runService(process, "upscale", upscaleFields, startUpscale);
