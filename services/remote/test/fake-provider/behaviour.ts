/** Forms in which a model gives its pictures. */
export type OutputForm =
  | "address"
  | "data_uri"
  | "b64_json"
  | "nested"
  | "file_object"
  | "stream"
  | "bytes"
  | "text"
  | "nothing";

/** What a model does. Times in milliseconds. */
export type Behaviour = {
  /** From the creation of a prediction to its start. */
  readonly startMs: number;
  /** From its start to its end. */
  readonly workMs: number;
  readonly end: "succeeded" | "failed" | "never";
  /** Text of a failure. */
  readonly error: string;
  readonly output: OutputForm;
  /** Pictures of the answer: each one is a pixel narrower than the one before. */
  readonly pictures: number;
};

/** The behaviour of a model that has none of its own. */
export const plainBehaviour: Behaviour = {
  startMs: 0,
  workMs: 20,
  end: "succeeded",
  error: "CUDA out of memory",
  output: "address",
  pictures: 1,
};

/** Kinds of calls. */
export type Endpoint = "create" | "get" | "list" | "cancel" | "file" | "stream";

/** A call that goes wrong. */
export type Fault = {
  readonly at: Endpoint;
  /** Only of this model. */
  readonly model?: string;
  /** For so many calls; without it for all. */
  readonly times?: number;
  /** So many calls go well before. */
  readonly skip?: number;
  /** The call takes effect before it goes wrong: its answer is lost. */
  readonly afterwards?: boolean;
  readonly delayMs?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The connection is cut before the answer, or in the middle of its body. */
  readonly cut?: "before_answer" | "in_body";
  /** An answer of so many bytes that begins like a PNG. */
  readonly hugeBytes?: number;
};

/** Options of a fake provider. All may be sent as JSON. */
export type FakeProviderOptions = {
  /** The only token that is accepted; without it every call is. */
  readonly token?: string;
  /** Classes of models, for the counts of calls at once. */
  readonly classes?: Readonly<Record<string, string>>;
  /** How a list of predictions shows the pictures of their inputs. */
  readonly listedInputs?: "echo" | "address" | "omit";
  /** Behaviours by model; `*`: every other one. */
  readonly behaviours?: Readonly<Record<string, Partial<Behaviour>>>;
};

/** Counts of a model, of a class, or of all. */
export type Counts = {
  /** Calls that create a prediction, also refused ones. */
  calls: number;
  created: number;
  /** Predictions that have not ended, and the most at once. */
  open: number;
  mostOpen: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  /** Predictions to be paid for: all that started to work and ended. */
  charged: number;
};

/** A request as it arrived. Values of `authorization` are replaced by `valid` or `wrong`. */
export type RequestLine = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Status of the answer; 0: none was sent. */
  readonly status: number;
};

/** The counts. */
export type FakeStats = {
  readonly total: Counts;
  readonly byModel: Readonly<Record<string, Counts>>;
  readonly byClass: Readonly<Record<string, Counts>>;
  /** Bytes of huge answers that were sent. */
  readonly hugeBytesSent: number;
  readonly openConnections: number;
};
