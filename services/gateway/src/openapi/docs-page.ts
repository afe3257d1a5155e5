import type { Parameter } from "../domain/parameter.ts";
import type { Route } from "../routes/route.ts";

/** The style of the page, served as a file of its own because the policy allows no inline style. */
export const docsStyle = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
h3 code:first-child { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: 0.25rem 0.5rem 0.25rem 0; vertical-align: top; }
nav a { margin-right: 1rem; }
`;

/** Returns a readable page of the routes, without script or outside resources. */
export function toDocsPage(routes: readonly Route[]): string {
  const shown = routes.filter(({ isInternal }) => !isInternal);
  const tags = [...new Set(shown.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const own = shown.filter((route) => route.tag === tag);
    return `<h2 id="${toAnchor(tag)}">${escapeHtml(tag)}</h2>\n${own.map(toSection).join("\n")}`;
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Pixelmesh HTTP API</title><link rel="stylesheet" href="/docs.css"></head>
<body>
<h1>Pixelmesh HTTP API</h1>
<p>For programs: <a href="/openapi.json">the OpenAPI document</a>. <code>Authorization: Bearer TOKEN</code> is needed where the mesh has tokens; <code>X-Pixelmesh-Tenant</code> names the tenant. Failures are problem documents (RFC 9457) with a <code>reason</code>.</p>
<nav>${tags.map((tag) => `<a href="#${toAnchor(tag)}">${escapeHtml(tag)}</a>`).join("")}</nav>
${sections.join("\n")}
</body>
</html>
`;
}

function toSection({
  method,
  path,
  summary,
  description,
  parameters = {},
  query = {},
  headers = {},
  body,
  responses,
}: Route): string {
  const rows = [
    ...toRows(parameters, "path"),
    ...toRows(query, "query"),
    ...toRows(headers, "header"),
    ...Object.keys(body ?? {}).map((type) => row("body", escapeHtml(type), "")),
    ...Object.entries(responses).map(([status, response]) => row("answer", status, escapeHtml(response.description))),
  ];
  return `<section><h3><code>${method}</code><code>${escapeHtml(path)}</code></h3>
<p>${escapeHtml(summary)}.${description === undefined ? "" : ` ${withCode(description)}`}</p>
<table>${rows.join("")}</table></section>`;
}

function toRows(parameters: Readonly<Record<string, Parameter>>, where: string): string[] {
  return Object.entries(parameters).map(([name, { description, schema }]) => {
    const words = Array.isArray(schema.enum) ? ` One of ${schema.enum.join(", ")}.` : "";
    return row(where, escapeHtml(name), `${withCode(description)}${escapeHtml(words)}`);
  });
}

function row(where: string, name: string, text: string): string {
  return `<tr><td>${where}</td><td><code>${name}</code></td><td>${text}</td></tr>`;
}

function toAnchor(tag: string): string {
  return tag.toLowerCase().replaceAll(" ", "-");
}

function withCode(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
