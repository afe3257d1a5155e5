/** The command was called wrongly; the process exits with 2. The text names the flag, its form and the given value. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** The whole given value, where the text quotes it. A shortened one could not be recognised as a secret. */
  readonly got: string | undefined;

  constructor(message: string, got?: string) {
    super(message);
    this.got = got;
  }
}

/** Creates the error "Expected `--flag` to be …, got `…`", followed by the hint. */
export function wrongFlag(flag: string, form: string, got: string, hint = ""): UsageError {
  return new UsageError(`Expected \`${flag}\` to be ${form}, got \`${toShort(got)}\`${hint}`, got);
}

/** Returns the text of an error, with the given value masked by `mask`. */
export function toUsageText({ message, got }: UsageError, mask: (value: string) => string): string {
  return got === undefined ? mask(message) : message.replace(`\`${toShort(got)}\``, () => `\`${toShort(mask(got))}\``);
}

function toShort(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
