/** A JSON Schema (2020-12), or a reference to one of the document's components. */
export type Schema = Readonly<Record<string, unknown>>;

/** A parameter in the path or the query. */
export type Parameter = {
  readonly description: string;
  readonly schema: Schema;
  /** Given several times in the query. */
  readonly isRepeated?: boolean;
};
