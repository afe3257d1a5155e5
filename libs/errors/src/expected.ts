import { AppError } from "./app-error.ts";
import { maskSecretValue } from "./mask-secrets.ts";
import type { Reason } from "./reason-row.ts";

/**
 * Returns the error for a field outside its range: "Expected `field` to be …, got `value`". Masks secrets in addresses and cuts the
 * value at 64 characters. `reason` defaults to INVALID_ARGUMENT.
 */
export function expected(field: string, form: string, got: unknown, reason: Reason = "INVALID_ARGUMENT"): AppError {
  const description = `Expected \`${field}\` to be ${form}, got \`${toShortText(got)}\``;
  return new AppError(reason, description, { fields: [{ field, description }] });
}

function toShortText(value: unknown): string {
  // JSON has no infinities and no NaN.
  const isText = typeof value === "string" || typeof value === "number";
  const text = maskSecretValue(isText ? String(value) : (JSON.stringify(value) ?? String(value)));
  return text.length > 64 ? `${text.slice(0, 63)}…` : text;
}
