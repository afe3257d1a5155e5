import { ConfigError } from "@pixelmesh/config";
import { canonicalDigest } from "@pixelmesh/pipeline";
import { WorkClass } from "@pixelmesh/proto";
import type { z } from "zod";
import {
  type CallLimits,
  defaultCallLimits,
  type Manifest,
  type ManifestModel,
  type ManifestProvider,
  type ProviderKind,
} from "./manifest.ts";
import { findModelMistakes, findProviderMistakes, type Mistake } from "./manifest-mistakes.ts";
import { toParameter } from "./manifest-parameters.ts";
import { type ModelEntry, modelSchema, outlineSchema, type ProviderEntry, providerSchema } from "./manifest-schema.ts";
import { findSecrets } from "./secret-text.ts";

const maxShown = 20;
const maxEntries = 256;

/** Addresses of the providers that have one of their own, and the hosts of their results. */
const published: Readonly<Record<ProviderKind, { readonly baseUrl: string; readonly resultHosts: readonly string[] }>> =
  {
    replicate: {
      baseUrl: "https://api.replicate.com/v1",
      resultHosts: [
        "replicate.delivery",
        "*.replicate.delivery",
        "stream.replicate.com",
        "streaming.api.replicate.com",
      ],
    },
    openai: { baseUrl: "https://api.openai.com/v1", resultHosts: [] },
    http: { baseUrl: "", resultHosts: [] },
  };

/**
 * Parses the text of a manifest of hosted models. `origin` is the file's path, for the errors. Throws ConfigError with every mistake, at most 20 of
 * them: the file, the path of the field, what was expected and what is there. No error shows a secret.
 */
export function parseManifest(text: string, origin: string): Manifest {
  const json = parseJson(text, origin);
  const secrets = findSecrets(json).map((field) => ({
    field,
    text: "Expected no credentials in this file, got a value that looks like a secret: put it in a file of its own, and name that file in `tokenFile` of the provider",
  }));
  const outline = outlineSchema.safeParse(json);
  const rawProviders = listOf(json, "providers");
  const providers = rawProviders.map((each) => providerSchema.safeParse(each));
  const models = listOf(json, "models").map((each) => modelSchema.safeParse(each));
  const providerEntries = providers.map(({ data }) => data);
  const modelEntries = models.map(({ data }) => data);
  const mistakes = [
    ...secrets,
    ...toMistakes(outline, []),
    ...providers.flatMap((each, at) => toMistakes(each, ["providers", at])),
    ...models.flatMap((each, at) => toMistakes(each, ["models", at])),
    ...findProviderMistakes(providerEntries, modelEntries),
    ...findModelMistakes(modelEntries, providerEntries, rawProviders.flatMap(nameOf)),
  ];
  if (mistakes.length > 0) throw toError(mistakes, origin);
  const found = providerEntries.filter((entry) => entry !== undefined).map(toProvider);
  return {
    currency: outline.data?.currency ?? "",
    providers: found,
    models: modelEntries.filter((entry) => entry !== undefined).map((entry) => toModel(entry, found)),
  };
}

/** Deeper than any manifest, and less than what the checks, which call themselves for each level, can visit. */
const maxDepth = 64;

function parseJson(text: string, origin: string): unknown {
  try {
    // Some editors begin a file with a byte order mark, which is no part of JSON.
    const json: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    if (isDeeper(json, maxDepth))
      throw new ConfigError([`Expected \`${origin}\` to be nested at most ${maxDepth} deep, got more`]);
    return json;
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const place = /position (\d+)/.exec((cause as Error).message)?.[1];
    const line = place === undefined ? "" : ` (line ${text.slice(0, Number(place)).split("\n").length})`;
    throw new ConfigError([`Expected \`${origin}\` to be JSON, got another text${line}`]);
  }
}

/** Whether a value has more levels. Visits level by level, because a file of 1 MiB can have half a million of them. */
function isDeeper(value: unknown, most: number): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most) return true;
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return false;
}

/** The elements of a list of the file, also of one with another mistake; none of a list that is too long. */
function listOf(json: unknown, key: "providers" | "models"): readonly unknown[] {
  const found = (json as Readonly<Record<string, unknown>> | null)?.[key];
  return Array.isArray(found) && found.length <= maxEntries ? found : [];
}

function nameOf(entry: unknown): string[] {
  const name = (entry as { readonly name?: unknown } | null)?.name;
  return typeof name === "string" ? [name] : [];
}

function toMistakes({ error }: z.ZodSafeParseResult<unknown>, place: readonly PropertyKey[]): Mistake[] {
  return (error?.issues ?? []).map(({ path, message }) => ({ field: toPath([...place, ...path]), text: message }));
}

function toPath(path: readonly PropertyKey[]): string {
  return path.map((key, at) => (typeof key === "number" ? `[${key}]` : `${at > 0 ? "." : ""}${String(key)}`)).join("");
}

function toError(mistakes: readonly Mistake[], origin: string): ConfigError {
  const texts = mistakes.map(({ field, text }) => `\`${origin}\`${field === "" ? "" : ` ${field}`}: ${text}`);
  const different = [...new Set(texts)];
  const rest = different.length - maxShown;
  const more = rest > 0 ? [`\`${origin}\`: ${rest} more ${rest === 1 ? "mistake" : "mistakes"}`] : [];
  return new ConfigError([...different.slice(0, maxShown), ...more]);
}

function toProvider(entry: ProviderEntry): ManifestProvider {
  const { name, kind, tokenFile, tokenHeader, tokenScheme, privateHosts, limits } = entry;
  const { baseUrl, resultHosts } = published[kind];
  return {
    name,
    kind,
    baseUrl: (entry.baseUrl ?? baseUrl).replace(/\/+$/, ""),
    tokenFile,
    tokenHeader: (tokenHeader ?? "authorization").toLowerCase(),
    tokenScheme: tokenScheme ?? (tokenHeader === undefined ? "Bearer" : ""),
    resultHosts: entry.resultHosts ?? (entry.baseUrl === undefined ? resultHosts : []),
    privateHosts,
    limits: toLimits(limits),
  };
}

function toLimits(limits: ProviderEntry["limits"]): CallLimits {
  const { light, heavy, exclusive, models, tenants } = { ...defaultCallLimits, ...limits };
  return {
    light: light ?? defaultCallLimits.light,
    heavy: heavy ?? defaultCallLimits.heavy,
    exclusive: exclusive ?? defaultCallLimits.exclusive,
    models,
    tenants,
  };
}

const classes = { light: WorkClass.LIGHT, heavy: WorkClass.HEAVY, exclusive: WorkClass.EXCLUSIVE } as const;

function toModel(entry: ModelEntry, providers: readonly ManifestProvider[]): ManifestModel {
  const provider = providers.find(({ name }) => name === entry.provider);
  const { name, version, input, http, price, licenceNote, description, capabilities } = entry;
  const isForm = provider?.kind === "openai";
  const picture = {
    format: "png" as const,
    maxSidePx: 0,
    ...entry.picture,
    as: entry.picture?.as ?? (isForm ? "form_file" : "data_uri"),
  } as const;
  const mapping = http && { ...optional, ...http };
  const parameters = entry.parameters.map(toParameter);
  const decisive = {
    kind: provider?.kind,
    baseUrl: provider?.baseUrl,
    version,
    picture,
    input,
    http: mapping,
    parameters: parameters.map((each) => ({ name: each.name, type: each.type })),
  };
  return {
    name,
    provider: entry.provider,
    version,
    workClass: classes[entry.class],
    timeoutMs: entry.timeout,
    price: { perCallMicros: price.perCall, perSecondMicros: price.perSecond, expectedSeconds: price.expectedSeconds },
    licenceNote,
    description,
    capabilities,
    parameters,
    picture,
    input,
    http: mapping,
    digest: canonicalDigest(decisive),
  };
}

/** The fields of a mapping that may be missing. */
const optional = {
  idPointer: undefined,
  getPath: undefined,
  cancelPath: undefined,
  statusPointer: undefined,
  errorPointer: undefined,
  idempotencyHeader: undefined,
} as const;
