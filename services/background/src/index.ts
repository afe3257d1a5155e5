export { type BackgroundConfig, backgroundFields } from "./config.ts";
export { startBackground } from "./server.ts";
