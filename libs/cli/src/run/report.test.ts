import { Job, JobState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { reportHeader, toReportRow } from "./report.ts";

test("the report is CSV as RFC 4180 says", () => {
  const job = Job.fromPartial({
    id: "j",
    state: JobState.SUCCEEDED,
    steps: [{ id: "cut", confidence: 0.87654 }, { id: "again", confidence: 0.5 }, { id: "effects" }],
    notices: [{ kind: "no_object", text: "x" }],
  });
  const output = { name: "result", path: 'a "b".png', width: 1, height: 1, format: "png", bytes: 1, sha256: "0" };
  const done = { path: "a,b.jpg", job, outputs: [output], failure: undefined, ms: 1_234.4 };
  const failure = { reason: "IMAGE_CORRUPT", message: "line one\nline two" };
  const failed = { path: "c.jpg", job: undefined, outputs: [], failure, ms: 5 };
  expect([reportHeader, toReportRow(done), toReportRow(failed)].join("")).toBe(
    [
      "picture,state,outputs,seconds,confidence,notices,reason,message",
      '"a,b.jpg",SUCCEEDED,"a ""b"".png",1.234,0.500,no_object,,',
      'c.jpg,FAILED,,0.005,,,IMAGE_CORRUPT,"line one\nline two"',
      "",
    ].join("\r\n"),
  );
});
