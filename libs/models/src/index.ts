export { chooseTargetDir, toModelsDirs } from "./directories.ts";
export type { Progress } from "./download.ts";
export { type ImportOptions, type ImportReport, importModel } from "./import/import-model.ts";
export { type Listing, listModels } from "./list.ts";
export { type MatteFamily, type MatteFamilyName, matteFamilies, matteFamilyNames } from "./matte-families.ts";
export { openProbeHost } from "./probe-host.ts";
export { type PullOptions, type PullReport, pullModel } from "./pull.ts";
export { runPullModels } from "./run-pull-models.ts";
export { type ModelCheck, type VerifyOptions, verifyModels } from "./verify.ts";
