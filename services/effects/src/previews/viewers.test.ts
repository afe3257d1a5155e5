import type { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { createViewers } from "./viewers.ts";

const view = { tenant: "one", viewer: "left", sha256: "0a" };

test("a newer preview of the same view aborts the older one and is named", () => {
  const viewers = createViewers();
  const older = viewers.enter(view, "dither at 300 px");
  const newer = viewers.enter(view, "pop_art at 800 px");
  expect(older.signal.aborted).toBe(true);
  const reason = older.signal.reason as AppError;
  expect(reason).toMatchObject({ reason: "CANCELLED", metadata: { newer: "pop_art at 800 px" } });
  expect(reason.message).toContain("pop_art at 800 px");
  expect(newer.signal.aborted).toBe(false);
  // The older one leaves late: the newer one is still known.
  older.leave();
  viewers.enter(view, "dither at 500 px");
  expect(newer.signal.aborted).toBe(true);
});

test("other tenants, views and sources, and previews without a view, are left alone", () => {
  const viewers = createViewers();
  const first = viewers.enter(view, "first");
  const others = [
    { ...view, tenant: "two" },
    { ...view, viewer: "right" },
    { ...view, sha256: "0b" },
    { ...view, viewer: "" },
    { ...view, viewer: "" },
  ].map((each) => viewers.enter(each, "other"));
  expect([first, ...others].map(({ signal }) => signal.aborted)).toEqual(Array(6).fill(false));
});

test("a preview that has ended is not aborted any more", () => {
  const viewers = createViewers();
  const older = viewers.enter(view, "older");
  older.leave();
  viewers.enter(view, "newer");
  expect(older.signal.aborted).toBe(false);
});
