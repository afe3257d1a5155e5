import { didYouMean } from "@pixelmesh/flag-values";
import { newestFeatures } from "@pixelmesh/pipeline";
import { parsePlaceholder } from "./fill-input.ts";
import { wrong } from "./manifest-fields.ts";
import { findParameterMistakes } from "./manifest-parameters.ts";
import type { ModelEntry, ProviderEntry } from "./manifest-schema.ts";

/** A mistake in a manifest: the path of its field, and what is wrong. */
export type Mistake = { readonly field: string; readonly text: string };

type Entries<T> = readonly (T | undefined)[];

/** Pictures of a step: the first one and 4 further ones. */
const maxPictures = 5;
const maxInputDepth = 16;

/** The mistakes of providers that no field shows alone. */
export function findProviderMistakes(providers: Entries<ProviderEntry>, models: Entries<ModelEntry>): Mistake[] {
  return providers.flatMap((entry, at) => {
    if (entry === undefined) return [];
    const mistakes: Mistake[] = [];
    const add = (field: string, text: string) => mistakes.push({ field: `providers[${at}].${field}`, text });
    if (providers.findIndex((other) => other?.name === entry.name) < at)
      add("name", wrong("each name once", entry.name));
    if (entry.kind === "http" && entry.baseUrl === undefined)
      add("baseUrl", wrong("the address of the provider's API", undefined));
    if (entry.kind !== "http" && (entry.tokenHeader !== undefined || entry.tokenScheme !== undefined))
      add(
        "tokenHeader",
        `Expected \`tokenHeader\` and \`tokenScheme\` only for the kind http, got them for ${entry.kind}`,
      );
    const own = models.flatMap((model) => (model?.provider === entry.name ? [model.name] : []));
    for (const name of Object.keys(entry.limits?.models ?? {}))
      if (!own.includes(name))
        add(`limits.models.${name}`, `${wrong("the name of a model of this provider", name)}${didYouMean(name, own)}`);
    return mistakes;
  });
}

/** The mistakes of models that no field shows alone. `names` are those of all providers of the file, also of ones with mistakes. */
export function findModelMistakes(
  models: Entries<ModelEntry>,
  providers: Entries<ProviderEntry>,
  names: readonly string[],
): Mistake[] {
  return models.flatMap((entry, at) => {
    if (entry === undefined) return [];
    const mistakes: Mistake[] = [];
    const add = (field: string, text: string) => mistakes.push({ field: `models[${at}].${field}`, text });
    if (models.findIndex((other) => other?.name === entry.name) < at) add("name", wrong("each name once", entry.name));
    const provider = providers.find((each) => each?.name === entry.provider);
    if (!names.includes(entry.provider))
      add(
        "provider",
        `${wrong(`the name of a provider (${names.join(", ") || "there is none"})`, entry.provider)}${didYouMean(entry.provider, names)}`,
      );
    if (entry.price.perSecond > 0 && entry.price.expectedSeconds === 0)
      add(
        "price.expectedSeconds",
        "Expected the seconds that a call takes, for estimates of the price per second, got nothing",
      );
    for (const [index, parameter] of entry.parameters.entries()) {
      const place = `parameters[${index}]`;
      if (entry.parameters.findIndex(({ name }) => name === parameter.name) < index)
        add(`${place}.name`, wrong("each name once", parameter.name));
      for (const { field, text } of findParameterMistakes(parameter)) add(`${place}.${field}`, text);
    }
    for (const { field, text } of findCapabilityMistakes(entry)) add(field, text);
    if (provider) for (const { field, text } of findKindMistakes(entry, provider)) add(field, text);
    for (const { field, text } of findInputMistakes(entry)) add(field, text);
    return mistakes;
  });
}

/** Values that no feature of a capability gives: each of its jobs would be refused. */
function findCapabilityMistakes({ capabilities, parameters }: ModelEntry): Mistake[] {
  const asking = newestFeatures().flatMap(({ name, hosted }) =>
    hosted && capabilities.includes(hosted.capability) ? [{ name, ...hosted }] : [],
  );
  return parameters.flatMap((parameter, at) => {
    const feature = asking.find(({ passes }) => !passes.includes(parameter.name));
    if (parameter.default !== undefined || feature === undefined) return [];
    const text = `Expected a default, because the feature \`${feature.name}\`, which asks for the capability \`${feature.capability}\`, gives no value for it, got nothing`;
    return [{ field: `parameters[${at}].default`, text }];
  });
}

/** What a kind of provider asks for, or does not know. */
function findKindMistakes({ picture, http }: ModelEntry, { kind }: ProviderEntry): Mistake[] {
  const mistakes: Mistake[] = [];
  const add = (field: string, text: string) => mistakes.push({ field, text });
  if (kind === "replicate" && picture?.as === "form_file")
    add("picture.as", "Expected data_uri for the kind replicate, got `form_file`");
  if (kind === "openai" && picture?.as === "data_uri")
    add("picture.as", "Expected form_file for the kind openai, got `data_uri`");
  if (kind !== "http" && http !== undefined)
    add("http", `Expected a mapping only for the kind http, got one for ${kind}`);
  if (kind === "http" && http === undefined) add("http", wrong("how the provider is called", undefined));
  if (http === undefined) return mistakes;
  if (http.idPointer === undefined) {
    for (const field of ["getPath", "cancelPath", "statusPointer"] as const)
      if (http[field] !== undefined)
        add(
          `http.${field}`,
          `Expected \`idPointer\` beside \`${field}\`, got nothing: without an id the answer is the result`,
        );
    return mistakes;
  }
  for (const field of ["getPath", "statusPointer"] as const)
    if (http[field] === undefined) add(`http.${field}`, `Expected \`${field}\` beside \`idPointer\`, got nothing`);
  for (const field of ["doneValues", "failedValues"] as const)
    if (http[field].length === 0) add(`http.${field}`, wrong("the states of the provider that mean it", undefined));
  const both = http.doneValues.filter((state) => http.failedValues.includes(state));
  if (both.length > 0) add("http.failedValues", wrong("states that are not in `doneValues`", both[0]));
  return mistakes;
}

function findInputMistakes(entry: ModelEntry): Mistake[] {
  const mistakes: Mistake[] = [];
  const names = entry.parameters.map(({ name }) => name);
  const isForm = entry.picture?.as === "form_file";
  function visit(value: unknown, field: string, depth: number): void {
    if (depth > maxInputDepth) mistakes.push({ field, text: `Expected at most ${maxInputDepth} levels, got more` });
    else if (typeof value === "string") check(value, field, depth);
    else if (typeof value === "object" && value !== null)
      for (const [key, member] of Object.entries(value))
        visit(member, Array.isArray(value) ? `${field}[${key}]` : `${field}.${key}`, depth + 1);
  }
  function check(text: string, field: string, depth: number): void {
    if (!text.includes("{{")) return;
    const add = (mistake: string) => mistakes.push({ field, text: mistake });
    const placeholder = parsePlaceholder(text);
    if (placeholder === undefined)
      return void add(
        wrong("a text without `{{`, or one placeholder alone: {{picture}}, {{picture 2}} or {{parameters.NAME}}", text),
      );
    if (placeholder.kind === "parameter" && !names.includes(placeholder.name))
      add(
        `${wrong(`a parameter of the model (${names.join(", ") || "it has none"})`, placeholder.name)}${didYouMean(placeholder.name, names)}`,
      );
    if (placeholder.kind === "picture" && placeholder.index >= maxPictures)
      add(wrong(`a picture from 1 to ${maxPictures}`, text));
    if (placeholder.kind === "picture" && isForm && depth > 2)
      add("Expected pictures of a form as a field or in a list of one, got one that is deeper");
  }
  visit(entry.input, "input", 0);
  return mistakes;
}
