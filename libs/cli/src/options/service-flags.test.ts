import { expect, test } from "vitest";
import { inspectFlag, servicesFlag } from "./service-flags.ts";

test("services are names of roles, separated by commas, each once", () => {
  const parse = servicesFlag("--only");
  expect(parse("ingest")).toEqual(["ingest"]);
  expect(parse("Storage, ingest,storage")).toEqual(["storage", "ingest"]);
  expect(() => parse("ingest,upscal")).toThrow("got `ingest,upscal`. Did you mean `upscale`?");
  for (const wrong of ["", ",", "broker", "ingest,"])
    expect(() => parse(wrong)).toThrow("Expected `--only` to be some of ingest, scheduler,");
});

test("an inspected service has port 9229, or its own", () => {
  const parse = inspectFlag("--inspect");
  expect(parse("upscale")).toEqual(["upscale", 9229]);
  expect(parse("upscale:0")).toEqual(["upscale", 0]);
  expect(parse("effects:9300")).toEqual(["effects", 9300]);
  expect(() => parse("effect")).toThrow("Did you mean `effects`?");
  for (const wrong of ["", ":9229", "upscale:", "upscale:80", "upscale:70000", "upscale:x"])
    expect(() => parse(wrong)).toThrow("Expected `--inspect` to be SERVICE or SERVICE:PORT");
});
