import { parser } from "@prometheus-io/lezer-promql";

/** The matcher that the chart replaces with the namespace of its release. */
export const ownNamespace = 'namespace=~".*pixelmesh.*"';

/**
 * Adds a label matcher such as `namespace="a"` to every series selector of a query, unless the selector already names that label.
 * Grafana's variables may stand in label values and windows.
 */
export function withMatcher(query: string, matcher: string): string {
  const [label = ""] = /^\w+/.exec(matcher) ?? [];
  const insertions: { readonly at: number; readonly text: string }[] = [];
  parser.parse(withoutVariables(query)).iterate({
    enter({ type, to, node }) {
      if (type.name !== "VectorSelector") return;
      const matchers = node.getChild("LabelMatchers");
      const given = matchers ? query.slice(matchers.from, matchers.to) : "";
      if (new RegExp(`[{,]\\s*${label}\\s*[=!]`).test(given)) return;
      if (!matchers) insertions.push({ at: to, text: `{${matcher}}` });
      else if (/^\{\s*\}$/.test(given)) insertions.push({ at: matchers.to - 1, text: matcher });
      else insertions.push({ at: matchers.from + 1, text: `${matcher}, ` });
    },
  });
  return insertions
    .sort((a, b) => b.at - a.at)
    .reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), query);
}

/** Replaces the variables of a query by texts of the same length that parse, so that positions stay. */
export function withoutVariables(query: string): string {
  return query
    .replace(/\[\$__(rate_interval|interval|range)(?=[:\]])/g, (found) => `[${"5m".padStart(found.length - 1, "0")}`)
    .replace(/\$\{?\w+(:\w+)?\}?/g, (found) => "x".repeat(found.length));
}
