/** Returns where a trace is shown; undefined without a trace or a template. */
export type TraceUrl = (traceId: string) => string | undefined;

/** Stands for the id of the trace in a template. */
const idVariable = "{trace_id}";
/** Trace ids are 32 hex digits. */
const sample = "0".repeat(32);

/** The form of a template, for the message of a wrong one. */
export const traceTemplateForm = `an https or http address with ${idVariable} after its host and without a password, or empty`;

/**
 * Returns a template of the addresses of traces as it is: empty, or an https or http address that has `{trace_id}` in its path, query or fragment. Undefined
 * for another text.
 */
export function parseTraceTemplate(template: string): string | undefined {
  if (template === "") return template;
  const parsed = URL.parse(fill(template, sample));
  const isAddress = parsed !== null && ["https:", "http:"].includes(parsed.protocol) && !parsed.host.includes(sample);
  const isPlain = parsed?.username === "" && parsed.password === "";
  return isAddress && isPlain && template.includes(idVariable) ? template : undefined;
}

/** Returns the addresses of traces by a checked template. */
export function createTraceUrl(template: string): TraceUrl {
  return (traceId) => (template === "" || traceId === "" ? undefined : fill(template, traceId));
}

function fill(template: string, traceId: string): string {
  return template.replaceAll(idVariable, traceId);
}
