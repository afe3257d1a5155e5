/** The command was called wrongly; the process exits with 2. The text names flag, expected form and what was given. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** Everything that was given, where the text quotes it: what is cut off could no longer be told for a secret. */
  readonly got: string | undefined;

  constructor(message: string, got?: string) {
    super(message);
    this.got = got;
  }
}

/** "Expected `--flag` to be …, got `…`", and then the hint. */
export function wrongFlag(flag: string, form: string, got: string, hint = ""): UsageError {
  return new UsageError(`Expected \`${flag}\` to be ${form}, got \`${toShort(got)}\`${hint}`, got);
}

/** The text of an error with what `mask` hides in what was given. */
export function toUsageText({ message, got }: UsageError, mask: (value: string) => string): string {
  return got === undefined ? mask(message) : message.replace(`\`${toShort(got)}\``, () => `\`${toShort(mask(got))}\``);
}

function toShort(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
