import { loadConfig } from "@pixelmesh/config";
import { expect, test } from "vitest";
import { gatewayFields } from "../config.ts";
import { createTraceUrl } from "./trace-url.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const load = (template: string) => loadConfig(gatewayFields, { PIXELMESH_GATEWAY_TRACE_URL: template }).traceUrl;

test("a template gives the address of a trace", () => {
  const grafana = 'https://grafana.example/explore?left={"queries":[{"query":"{trace_id}"}]}';
  expect(createTraceUrl(load(grafana))(traceId)).toBe(grafana.replace("{trace_id}", traceId));
  const jaeger = createTraceUrl(load("http://127.0.0.1:16686/trace/{trace_id}"));
  expect(jaeger(traceId)).toBe(`http://127.0.0.1:16686/trace/${traceId}`);
});

test("without a template or a trace there is no address", () => {
  expect(createTraceUrl(load(""))(traceId)).toBeUndefined();
  expect(createTraceUrl("https://t.example/{trace_id}")("")).toBeUndefined();
});

test("a gateway with a wrong template does not start, and names the setting and its form", () => {
  const wrong = [
    "grafana.example/{trace_id}",
    "https://grafana.example/trace",
    "javascript:alert('{trace_id}')",
    "file:///{trace_id}",
    "https://{trace_id}.example/",
    "https://user:secret@grafana.example/{trace_id}",
  ];
  for (const template of wrong)
    expect(() => load(template), template).toThrow(
      /PIXELMESH_GATEWAY_TRACE_URL.*an https or http address with \{trace_id\}/,
    );
});
