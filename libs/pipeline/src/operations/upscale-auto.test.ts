import { Model } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { chooseUpscaleModel } from "./choose-model.ts";
import {
  COMPRESSED_BLOCKINESS,
  COMPRESSED_QUALITY,
  type Compression,
  chooseByCompression,
  judgeCompression,
} from "./upscale-auto.ts";

const model = (name: string, scale: number, more: Partial<Model> = {}) =>
  Model.create({ name, scale, available: true, digest: name, ...more });
const four = model("four", 4, { isDefault: true });
const photo = model("four-photo", 4);
const toCatalogue = (...upscaleModels: Model[]) => ({ upscaleModels, matteModels: [], effects: [], remoteModels: [] });
const choose = (compression: Compression | undefined, ...models: Model[]) =>
  chooseByCompression(four, compression, toCatalogue(four, ...models));

test("a low quality or visible blocks count as compressed, up to the thresholds themselves", () => {
  const isCompressed = (compression?: Compression) => judgeCompression(compression).isCompressed;
  expect(isCompressed({ jpegQuality: COMPRESSED_QUALITY })).toBe(true);
  expect(isCompressed({ jpegQuality: COMPRESSED_QUALITY + 1, blockiness: 1 })).toBe(false);
  expect(isCompressed({ jpegQuality: 100, blockiness: COMPRESSED_BLOCKINESS })).toBe(true);
  expect(isCompressed({ blockiness: COMPRESSED_BLOCKINESS })).toBe(true);
  expect(isCompressed({ blockiness: COMPRESSED_BLOCKINESS - 0.01 })).toBe(false);
  expect(isCompressed({})).toBe(false);
  expect(isCompressed(undefined)).toBe(false);
  expect(isCompressed({ jpegQuality: 10, blockiness: 3, isShrunk: true })).toBe(false);
});

test("the reason is told in words", () => {
  const why = (compression?: Compression) => judgeCompression(compression).why;
  expect(why({ jpegQuality: 30, blockiness: 1.5 })).toBe("the picture is a JPEG of about quality 30");
  expect(why({ jpegQuality: 95, blockiness: 1.5 })).toBe(
    "the picture is a JPEG of about quality 95 and has visible blocks (blockiness 1.50)",
  );
  expect(why({ jpegQuality: 95 })).toBe("the picture is a JPEG of about quality 95");
  expect(why({ blockiness: 1.02 })).toBe("the picture has no visible blocks (blockiness 1.02)");
  expect(why(undefined)).toBe("the compression of the picture is not known");
  expect(why({ jpegQuality: 30, isShrunk: true })).toBe("the picture was shrunk to half its sides or less");
});

test("a compressed picture takes the available photo model of the scale, else the default", () => {
  const low = { jpegQuality: 30 };
  expect(choose(low, photo).model.name).toBe("four-photo");
  expect(choose({ jpegQuality: 98, blockiness: 1 }, photo).model.name).toBe("four");
  expect(choose(low, model("three-photo", 3), model("other-photo", 4, { available: false })).model.name).toBe("four");
  expect(choose(low).why).toBe(
    "the picture is a JPEG of about quality 30, but no model for compressed pictures of scale 4 is available",
  );
});

test("the choice does not depend on the order of the list", () => {
  const models = [model("b-photo", 4), model("a-photo", 4)];
  expect(choose({ jpegQuality: 30 }, ...models).model.name).toBe("a-photo");
  expect(choose({ jpegQuality: 30 }, ...models.toReversed()).model.name).toBe("a-photo");
});

test("the word photo names the photo model of the nearest scale, and auto the default until the picture is known", () => {
  const named = (name: string, scale: number, ...models: Model[]) =>
    chooseUpscaleModel({ scale, model: name }, scale || undefined, toCatalogue(...models)).name;
  const two = model("two", 2, { isDefault: true });
  expect(named("photo", 2, two, four, photo)).toBe("four-photo");
  expect(named("photo", 2, two, four, photo, model("two-photo", 2))).toBe("two-photo");
  expect(named("photo", 0, two, four, photo, model("two-photo", 2))).toBe("four-photo");
  expect(named("auto", 2, two, four, photo)).toBe("two");
  expect(() => named("photo", 4, two, four)).toThrow(
    "There is no upscale model for compressed pictures (`photo`); known: four, two",
  );
  expect(() => named("photo", 4, four, model("four-photo", 4, { available: false }))).toThrow(
    "Model `four-photo` is listed but not available",
  );
});
