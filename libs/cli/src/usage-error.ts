/** The command was called wrongly; the process exits with 2. The text names flag, expected form and what was given. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** "Expected `--flag` to be …, got `…`", and then the hint. */
export function wrongFlag(flag: string, form: string, got: string, hint = ""): UsageError {
  const shown = got.length > 80 ? `${got.slice(0, 79)}…` : got;
  return new UsageError(`Expected \`${flag}\` to be ${form}, got \`${shown}\`${hint}`);
}
