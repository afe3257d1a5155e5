import { runService } from "@pixelmesh/service";
import { startUpscale, upscaleFields } from "./index.ts";

await runService(process, "upscale", upscaleFields, startUpscale);
