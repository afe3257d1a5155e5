import { z } from "zod";
import { pointerForm } from "./json-pointer.ts";
import { choice, duration, integer, list, mapOf, note, number, object, text, wrong } from "./manifest-fields.ts";
import { toMicros } from "./micros.ts";

const maxCalls = 10_000;

const modelName = () =>
  text("a name of a-z, 0-9, `.`, `_` and `-`, at most 64 characters", /^[a-z0-9][a-z0-9._-]{0,63}$/);
const providerName = () => text("a name of a-z, 0-9 and `-`, at most 32 characters", /^[a-z0-9][a-z0-9-]{0,31}$/);
const tenantForm = /^(\*|[A-Za-z0-9_-]{1,64})$/;
const hosts = () =>
  list(text("a host such as `images.example.com` or `*.example.com`", /^\S{1,253}$/), 64, "a list of at most 64 hosts");
const headerName = () => text("the name of an HTTP header", /^[A-Za-z][A-Za-z0-9-]{0,63}$/);
const path = (form: string, pattern = /^\/[\x21-\x7e]{0,511}$/) => text(form, pattern);
const pointer = () =>
  text("a JSON pointer such as `/result/0/url`, or an empty text for the whole answer", pointerForm);
const states = () => list(note(64), 32, "a list of at most 32 states");
const price = () =>
  number(0, 1_000_000, "a price from 0 to 1000000 with at most 6 decimals")
    .refine((value) => toMicros(value) !== undefined, {
      error: ({ input }) => wrong("a price from 0 to 1000000 with at most 6 decimals", input),
    })
    .transform((value) => toMicros(value) ?? 0);

const limits = object({
  light: integer(0, maxCalls).optional(),
  heavy: integer(0, maxCalls).optional(),
  exclusive: integer(0, maxCalls).optional(),
  models: mapOf("names of models", /^[a-z0-9][a-z0-9._-]{0,63}$/, integer(0, maxCalls)).default({}),
  tenants: mapOf("names of tenants, or `*` for every other one", tenantForm, integer(0, maxCalls)).default({}),
});

/** A provider as the file has it. */
export const providerSchema = object({
  name: providerName(),
  kind: choice("replicate", "http", "openai"),
  baseUrl: text("an http or https address without user, query and fragment", /^https?:\/\/[^\s?#@]{1,500}$/).optional(),
  tokenFile: text("the path of a file", /^[^\0\n]{1,4096}$/).optional(),
  tokenHeader: headerName().optional(),
  tokenScheme: text("a word such as `Bearer`, or an empty text", /^[A-Za-z-]{0,32}$/).optional(),
  resultHosts: hosts().optional(),
  privateHosts: hosts().default([]),
  limits: limits.optional(),
});

const value = z.union([z.string(), z.number(), z.boolean()], {
  error: ({ input }) => wrong("a text, a number, true or false", input),
});

const parameterSchema = object({
  name: text("a name of letters, digits and `_`, at most 64 characters", /^[A-Za-z][A-Za-z0-9_]{0,63}$/),
  type: choice("number", "integer", "choice", "flag", "color", "text", "input"),
  description: note(1_000).default(""),
  default: value.optional(),
  minimum: number(-1e9, 1e9).optional(),
  maximum: number(-1e9, 1e9).optional(),
  choices: list(note(100, 1), 100, "a list of at most 100 texts").optional(),
  unit: note(16).default(""),
  form: note(200).optional(),
  pattern: note(2_048).optional(),
});

const mappingSchema = object({
  createPath: path("a path below `baseUrl`, such as `/jobs`"),
  idPointer: pointer().optional(),
  getPath: path(
    "a path that holds `{{id}}`, such as `/jobs/{{id}}`",
    /^(?=.*\{\{id\}\})\/[\x21-\x7e]{0,511}$/,
  ).optional(),
  cancelPath: path(
    "a path that holds `{{id}}`, such as `/jobs/{{id}}/cancel`",
    /^(?=.*\{\{id\}\})\/[\x21-\x7e]{0,511}$/,
  ).optional(),
  cancelMethod: choice("POST", "PUT", "DELETE").default("POST"),
  statusPointer: pointer().optional(),
  doneValues: states().default([]),
  failedValues: states().default([]),
  outputPointer: pointer().default(""),
  errorPointer: pointer().optional(),
  idempotencyHeader: headerName().optional(),
});

/** A model as the file has it. */
export const modelSchema = object({
  name: modelName(),
  provider: providerName(),
  version: text("the version as the provider writes it, 1 to 200 characters without spaces", /^\S{1,200}$/),
  class: choice("light", "heavy", "exclusive"),
  timeout: duration(1_000, 3_600_000, "a duration from 1s to 1h, such as 90s"),
  price: object({
    perCall: price().default(0),
    perSecond: price().default(0),
    expectedSeconds: number(0, 3_600).default(0),
  }),
  licenceNote: note(1_000).default(""),
  description: note(1_000).default(""),
  capabilities: list(
    text("a word such as `restore_face`", /^[a-z][a-z0-9_]{0,63}$/),
    32,
    "a list of at most 32 words",
  ).default([]),
  parameters: list(parameterSchema, 32, "a list of at most 32 parameters").default([]),
  picture: object({
    as: choice("data_uri", "form_file").optional(),
    format: choice("png", "jpeg", "webp").default("png"),
    maxSidePx: integer(0, 16_384).default(0),
  }).optional(),
  input: z.record(z.string(), z.json(), { error: ({ input }) => wrong("an object", input) }),
  http: mappingSchema.optional(),
});

/** The outline of the file. */
export const outlineSchema = object({
  version: z.literal(1, { error: ({ input }) => wrong("1, the version of this form", input) }),
  currency: text("an ISO 4217 code such as `USD`", /^[A-Z]{3}$/),
  providers: list(z.unknown(), 32, "a list of at most 32 providers"),
  models: list(z.unknown(), 256, "a list of at most 256 models"),
});

/** A provider of the file whose fields are valid. */
export type ProviderEntry = z.output<typeof providerSchema>;
/** A model of the file whose fields are valid. */
export type ModelEntry = z.output<typeof modelSchema>;
/** A parameter of a model. */
export type ParameterEntry = ModelEntry["parameters"][number];
