export { AppError, type AppErrorOptions, type FieldViolation } from "./app-error.ts";
export { isAbort, toAppError } from "./convert.ts";
export { describeReasons } from "./describe-reasons.ts";
export { expected } from "./expected.ts";
export { maskSecrets, maskSecretValue } from "./mask-secrets.ts";
export type { ClientRetries, GrpcStatusName, Reason, ReasonRow, RetryRules } from "./reason-row.ts";
export {
  clientRetriesOf,
  grpcStatusOf,
  isDeterministic,
  isRequeuedBeforeStart,
  isRetryable,
  reasonFromEnum,
  reasons,
  reasonToEnum,
} from "./reason-rules.ts";
export { reasonTable } from "./reasons.ts";
