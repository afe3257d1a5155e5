export { toTable } from "./format/text.ts";
