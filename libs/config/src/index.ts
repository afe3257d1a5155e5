export { type ConfigLine, describeConfig } from "./describe.ts";
export type { Env } from "./env.ts";
export { type Field, type FieldOptions, type Fields, field } from "./field.ts";
export { ConfigError, type ConfigOf, loadConfig } from "./load.ts";
export { parseByteSize, parseDuration, parsePercent, toByteSizeText, toDurationText } from "./units.ts";
