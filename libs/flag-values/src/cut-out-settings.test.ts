import { expect, test } from "vitest";
import { parseCutOut } from "./cut-out-settings.ts";

test("every setting of a cut-out is read", () => {
  const text =
    "existing_alpha=keep,threshold=0.5,feather=2,trimap=12,refine=none,fill_holes,min_island=.01,decontaminate=false,region=1:2:30:40,result=matte,min_confidence=0.7,on_low_confidence=fail";
  expect(parseCutOut(text)).toEqual({
    existingAlpha: "keep",
    threshold: 0.5,
    featherPx: 2,
    trimapPx: 12,
    refine: "none",
    fillHoles: true,
    minIsland: 0.01,
    decontaminate: false,
    region: { leftPx: 1, topPx: 2, widthPx: 30, heightPx: 40 },
    result: "matte",
    minConfidence: 0.7,
    onLowConfidence: "fail",
  });
});

test.each([
  ["feather=0.1", "Expected `--cut-out feather` to be a number from 0.3 to 100, got `0.1`"],
  ["threshold=NaN", "Expected `--cut-out threshold` to be a number from 0 to 1, got `NaN`"],
  ["fill_holes=yes", "Expected `--cut-out fill_holes` to be true or false, got `yes`"],
  ["min_confidence=70", "Expected `--cut-out min_confidence` to be a number from 0 to 1, got `70`"],
  ["on_low_confidence=fial", "Did you mean `fail`?"],
  ["refine=guide", "Did you mean `guided`?"],
  ["refine", "Expected `--cut-out refine` to be one of guided, none, got `true`"],
  ["result=mat", "Did you mean `matte`?"],
  [
    "region=1,2,3,4",
    "Expected `--cut-out region` to be a box LEFT:TOP:WIDTH:HEIGHT in px, such as 40:0:800:600, got `1`",
  ],
  ["region=1:2:0:4", "Expected `--cut-out region` to be a box"],
  ["fether=2", "Did you mean `feather`?"],
  ["feather=2,feather=3", "Expected `--cut-out` to be given each setting once (feather), got `feather=2,feather=3`"],
  ["", "Expected `--cut-out` to be settings key=value,… among existing_alpha, threshold"],
  ["__proto__=1", "Expected `--cut-out` to be settings key=value,…"],
])("`%s` is refused", (text, message) => {
  expect(() => parseCutOut(text)).toThrow(message);
});
