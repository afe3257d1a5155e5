export { toBatchJobJson, toBatchJobWord, toBatchJson } from "./batch-json.ts";
export { toCallbackJson } from "./callback-json.ts";
export { toClusterJson } from "./cluster-json.ts";
export { toDeadLetterJson, toWholeDeadLetterJson } from "./dead-letter-json.ts";
export { toEffectJson } from "./effect-json.ts";
export { type JobStateWord, toEnumWord, toFormatWord, toStateName, toStateNumber } from "./enum-word.ts";
export { toImageInfoJson, toJobJson } from "./job-json.ts";
export { toErrorText, toRetryJson } from "./retry-json.ts";
export { toStatsJson } from "./stats-json.ts";
