type Write = (facts: Readonly<Record<string, unknown>>, message: string) => void;

/** The part of a pino logger that this package uses. */
export type Log = { readonly debug: Write; readonly info: Write; readonly warn: Write; readonly error: Write };
