export { toRate, toRoughTime, toShortSize, toShortTime } from "./short-text.ts";
