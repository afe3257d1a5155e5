import { AppError, expected } from "@pixelmesh/errors";
import type { FrameStore, Raster } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import type { CreateStage, RowShape } from "../rows/rows.ts";
import type { PictureRows } from "./picture-rows.ts";

/** What an effect is prepared with, for one picture. */
export type PrepareContext = {
  /** The shape of the picture that the effect gets. */
  readonly shape: RowShape;
  /** That picture, if the effect needs the whole of it. */
  readonly picture: PictureRows | undefined;
  /** The further pictures of the step, decoded. */
  readonly pictures: readonly Raster[];
  /** Holds pictures that the effect makes on its way. Its owner closes it after the chain. */
  readonly frameStore: FrameStore;
  /** The memory of the kernels, for tables that the stage needs. It grows and is given back only after the stage: open another space for larger work. */
  readonly space: KernelSpace;
  /** Waits for a further turn after so many pixels of work. Rejects after an abort. */
  readonly pace: Pace;
  readonly signal: AbortSignal | undefined;
};

/** An effect that is ready for the rows of one picture. */
export type PreparedEffect = {
  /** The picture whose rows the stage receives instead of the given one. Only for an effect that needs the whole picture. */
  readonly picture?: PictureRows;
  /** Default: the rows pass unchanged. */
  readonly createStage?: CreateStage;
  /** The shape of the rows that the stage emits. Default: the shape of those that it receives. */
  readonly shape?: RowShape;
  /** Closes what `picture` reads from. */
  readonly close?: () => Promise<void>;
};

/** Memory that an effect needs, in bytes. */
export type EffectMemory = {
  /** Memory of its stage and its preparation at one time. */
  readonly workBytes: number;
  /** Each picture that it puts into the frame store. */
  readonly pictureBytes: readonly number[];
};

/** What an effect does with a picture. */
export type EffectWork = {
  /**
   * Whether the effect reads rows in another order than top-down, or more than once. The chain then ends its work on all rows before it, and keeps them
   * as floats.
   */
  readonly needsPicture: boolean;
  /** Returns the shape of the result, or where only the picture's content decides it, the largest one. */
  resultShape(shape: RowShape): RowShape;
  memory(shape: RowShape): EffectMemory;
  /** Prepares the effect for one picture. Throws the typed errors of what it reads. */
  prepare(context: PrepareContext): PreparedEffect | Promise<PreparedEffect>;
};

/**
 * Memory of a stage for each pixel of width, in bytes: the rows that it holds. The largest, `edge_sketch` at 12 px, holds 5.5 KiB.
 */
const stageBytesPerColumn = 6 * 1024;

/** Returns the memory that the stage of any effect may take for the rows that it holds. */
export function stageMemory({ widthPx }: RowShape): EffectMemory {
  return { workBytes: widthPx * stageBytesPerColumn, pictureBytes: [] };
}

/** Returns the work of an effect that is one stage of rows of the same shape. */
export function rowWork(createStage: CreateStage): EffectWork {
  return {
    needsPicture: false,
    resultShape: (shape) => shape,
    memory: stageMemory,
    prepare: () => ({ createStage }),
  };
}

/** Returns the whole picture of an effect. Throws INTERNAL for an effect that does not say that it needs it. */
export function wholePicture({ picture }: PrepareContext): PictureRows {
  if (picture === undefined) throw new AppError("INTERNAL", "An effect reads the whole picture and does not say so");
  return picture;
}

/** Returns a further picture of the step; `place` 1 is its second input. Throws INVALID_ARGUMENT where the caller gave none, as in a call without a job. */
export function furtherPicture({ pictures }: PrepareContext, place: number, parameter: string): Raster {
  const picture = pictures[place - 1];
  if (picture !== undefined) return picture;
  const given = pictures.length === 0 ? "a call without further pictures" : `one with ${pictures.length} of them`;
  throw expected(parameter, `a further picture of the step, which a job gives as its input ${place + 1}`, given);
}
