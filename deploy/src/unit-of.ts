import { parser } from "@prometheus-io/lezer-promql";
import type { Panel } from "./panel.ts";
import { withoutVariables } from "./selectors.ts";

/** What a query measures. `ratio`: a part of something; `rate`: things per second. */
export type Dimension = "seconds" | "bytes" | "bytes per second" | "ratio" | "rate" | "count";

type Node = ReturnType<typeof parser.parse>["topNode"];

const dimensionOfUnit: Readonly<Record<Panel["unit"], Dimension>> = {
  s: "seconds",
  bytes: "bytes",
  Bps: "bytes per second",
  percentunit: "ratio",
  reqps: "rate",
  cps: "rate",
  mps: "rate",
  wps: "rate",
  short: "count",
  none: "count",
};

/** Names of other exporters that do not end with their unit. */
const foreign: Readonly<Record<string, Dimension>> = {
  nats_varz_mem: "bytes",
  nats_server_max_storage: "bytes",
};

/** Functions whose result has the dimension of the last argument. */
const keeping = /^(increase|deriv|delta|label_replace|label_join|last_over_time|max_over_time|clamp_min|clamp_max)$/;

/** Returns the faults of a panel's unit: queries that measure something else. Empty if there are none. */
export function faultsOfUnit({ unit, targets }: Pick<Panel, "unit" | "targets">): string[] {
  return targets.flatMap(({ expr }) => {
    const measured = dimensionOf(expr);
    return measured === dimensionOfUnit[unit] ? [] : [`unit ${unit}, but the query measures ${measured}: ${expr}`];
  });
}

/** Returns what a query measures, by the names of its series and what is done with them. */
export function dimensionOf(query: string): Dimension {
  const text = withoutVariables(query);
  const read = (node: Node): Dimension => {
    const children: Node[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
    const inner = children.filter(({ type }) => isExpression(type.name));
    const first = () => read(inner[0] as Node);
    switch (node.type.name) {
      case "VectorSelector":
        return dimensionOfName(/^[\w:]*/.exec(text.slice(node.from, node.to))?.[0] ?? "");
      case "NumberDurationLiteral":
      case "NumberLiteral":
        return "count";
      case "AggregateExpr": {
        const op = /^\w+/.exec(text.slice(node.from))?.[0];
        return op === "count" || op === "group" ? "count" : readBody(node);
      }
      case "FunctionCall": {
        const name = /^\w+/.exec(text.slice(node.from))?.[0] ?? "";
        if (name === "time") return "seconds";
        if (name === "rate" || name === "irate") return perSecond(readBody(node));
        // A quantile has the unit of the observed values; the buckets only count them.
        if (name === "histogram_quantile")
          return dimensionOfName(/\w+(?=_bucket\b)/.exec(text.slice(node.from, node.to))?.[0] ?? "");
        return keeping.test(name) ? readBody(node) : "count";
      }
      case "BinaryExpr":
        return combine(children, read);
      default:
        return inner.length > 0 ? first() : "count";
    }
  };
  /** The arguments of a call or an aggregation; the dimension is that of the first one that is not a number. */
  const readBody = (node: Node): Dimension => {
    const body = node.getChild("FunctionCallBody");
    const found: Node[] = [];
    for (let child = body?.firstChild; child; child = child.nextSibling)
      if (isExpression(child.type.name)) found.push(child);
    const argument = found.find(({ type }) => type.name !== "NumberDurationLiteral" && type.name !== "StringLiteral");
    return argument ? read(argument) : "count";
  };
  return read(parser.parse(text).topNode);
}

const isExpression = (name: string) =>
  /^(VectorSelector|MatrixSelector|AggregateExpr|FunctionCall|BinaryExpr|ParenExpr|UnaryExpr|SubqueryExpr|OffsetExpr|NumberDurationLiteral|StringLiteral)$/.test(
    name,
  );

function combine(children: readonly Node[], read: (node: Node) => Dimension): Dimension {
  const [left = "count", right = "count"] = children.filter(({ type }) => isExpression(type.name)).map(read);
  const operator = children.find(({ type }) => /^(Mul|Div)$/.test(type.name))?.type.name;
  if (operator === "Div") return right === "count" && left !== "count" ? left : left === right ? "ratio" : "count";
  if (operator === "Mul") return left === "count" ? right : left;
  return left;
}

function perSecond(dimension: Dimension): Dimension {
  if (dimension === "bytes") return "bytes per second";
  // Seconds of processors per second are cores.
  return dimension === "count" ? "rate" : "count";
}

function dimensionOfName(name: string): Dimension {
  const known = foreign[name];
  if (known) return known;
  const base = name.replace(/_(bucket|sum)$/, "").replace(/_total$/, "");
  if (/:ratio\w*$|:burnrate\w*$|_ratio$/.test(name)) return "ratio";
  if (/:rate\w*$/.test(name)) return "rate";
  if (/:p\d+_\w+$|_seconds$/.test(base)) return "seconds";
  return /_bytes$/.test(base) ? "bytes" : "count";
}
