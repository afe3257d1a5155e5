export { AppError, type AppErrorOptions, type FieldViolation } from "./app-error.ts";
export { isAbort, toAppError } from "./convert.ts";
export { expected } from "./expected.ts";
export { maskSecrets, maskSecretValue } from "./mask-secrets.ts";
export { isDeterministic, isRetryable, type Reason, reasonFromEnum, reasons, reasonToEnum } from "./reasons.ts";
