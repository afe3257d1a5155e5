import type { ParameterDescription, WorkClass } from "@pixelmesh/proto";

/** Most calls at once: by class, and by the names of models and tenants (`*`: every other tenant). */
export type CallLimits = {
  readonly light: number;
  readonly heavy: number;
  readonly exclusive: number;
  readonly models: Readonly<Record<string, number>>;
  readonly tenants: Readonly<Record<string, number>>;
};

/** The limits of a provider that names none. */
export const defaultCallLimits: CallLimits = { light: 8, heavy: 4, exclusive: 2, models: {}, tenants: {} };

/** How a provider is called. */
export type ProviderKind = "replicate" | "http" | "openai";

/** A provider of the manifest. */
export type ManifestProvider = {
  /** [a-z0-9][a-z0-9-]{0,31} */
  readonly name: string;
  readonly kind: ProviderKind;
  /** Address of its API, without a slash at its end. */
  readonly baseUrl: string;
  /** File that holds the token, read again when it changes. Undefined: none is sent. */
  readonly tokenFile: string | undefined;
  /** Header that carries the token, and the word before it; an empty word: the token alone. */
  readonly tokenHeader: string;
  readonly tokenScheme: string;
  /** Hosts from which results are read, as `libs/guarded-fetch` writes rules; empty: only the host of `baseUrl`. */
  readonly resultHosts: readonly string[];
  /** Hosts of the operator's own network among them. */
  readonly privateHosts: readonly string[];
  readonly limits: CallLimits;
};

/** Price of a call in millionths of the manifest's currency. */
export type ManifestPrice = {
  readonly perCallMicros: number;
  readonly perSecondMicros: number;
  readonly expectedSeconds: number;
};

/** How a picture is sent: as a data URI in JSON, or as a file of a form. */
export type PictureForm = {
  readonly as: "data_uri" | "form_file";
  readonly format: "png" | "jpeg" | "webp";
  /** The picture is shrunk to this longer side before it is sent; 0: its own size. */
  readonly maxSidePx: number;
};

/** A hosted model of the manifest. */
export type ManifestModel = {
  readonly name: string;
  readonly provider: string;
  readonly version: string;
  readonly workClass: WorkClass;
  readonly timeoutMs: number;
  readonly price: ManifestPrice;
  readonly licenceNote: string;
  readonly description: string;
  readonly capabilities: readonly string[];
  readonly parameters: readonly ParameterDescription[];
  readonly picture: PictureForm;
  /**
   * The body of the request, as JSON. A text that is `{{picture}}`, `{{picture 2}}` … or `{{parameters.NAME}}` stands for that value. A parameter of type input
   * stands for its picture. A field whose value is unset is left out: a picture that the step does not have, an empty text, an input of 0.
   */
  readonly input: unknown;
  /** Kind `http` only: how the provider is called, and where its answers have what. */
  readonly http: HttpMapping | undefined;
  /**
   * SHA-256 of what decides the result, in canonical form: part of result keys. These are the provider's kind and address, the version, the picture's form, the
   * input, names and types of the parameters, and the mapping. A new price or text changes no key.
   */
  readonly digest: string;
};

/** The calls of a generic provider. Paths of answers are JSON pointers (RFC 6901). */
export type HttpMapping = {
  /** Path below `baseUrl` of the call that starts a prediction. */
  readonly createPath: string;
  /** Where the answer has the prediction's id. Undefined: the answer is the result. */
  readonly idPointer: string | undefined;
  /** Path of the call that reads a prediction; `{{id}}` is its id. */
  readonly getPath: string | undefined;
  readonly cancelPath: string | undefined;
  readonly cancelMethod: "POST" | "PUT" | "DELETE";
  readonly statusPointer: string | undefined;
  readonly doneValues: readonly string[];
  readonly failedValues: readonly string[];
  readonly outputPointer: string;
  readonly errorPointer: string | undefined;
  /** Header that carries the idempotency key, if the provider knows one. */
  readonly idempotencyHeader: string | undefined;
};

/** The operator's list of hosted models. */
export type Manifest = {
  /** ISO 4217. */
  readonly currency: string;
  readonly providers: readonly ManifestProvider[];
  readonly models: readonly ManifestModel[];
};
