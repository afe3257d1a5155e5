export { type UpscaleConfig, upscaleFields } from "./config.ts";
export { startUpscale } from "./server.ts";
