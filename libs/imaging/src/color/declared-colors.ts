import { cicpPrimaries, type Primaries, srgbPrimaries } from "./primaries.ts";
import { cicpTransfers, type NamedTransfer } from "./transfer.ts";

/** Colours that a file declares without a profile. */
export type DeclaredColors = {
  /** Name for notices, such as "Display P3 (cICP)". */
  readonly name: string;
  readonly primaries: Primaries;
  readonly transfer: NamedTransfer;
  /** Samples range from 16 to 235 (of 255) instead of over all values. */
  readonly isNarrow: boolean;
};

/** What a file declares about its colours. */
export type ColorDeclaration =
  /** No valid declaration, or sRGB. */
  | { readonly $case: "srgb" }
  /** The embedded profile applies. */
  | { readonly $case: "profile" }
  /** Declared colours apply. */
  | { readonly $case: "declared"; readonly colors: DeclaredColors }
  /** A declaration that is not supported; `text` describes it. */
  | { readonly $case: "unknown"; readonly text: string };

const UNSPECIFIED = 2;

/**
 * Returns the colours for code points of ITU-T H.273. `place` names the source in the file, such as "cICP". Unspecified
 * primaries or an unspecified transfer are sRGB's. Undefined if both are unspecified.
 */
export function fromCodePoints(
  { primaries, transfer, isNarrow = false }: { primaries: number; transfer: number; isNarrow?: boolean },
  place: string,
): ColorDeclaration | undefined {
  if (primaries === UNSPECIFIED && transfer === UNSPECIFIED) return undefined;
  const points = primaries === UNSPECIFIED ? (["sRGB", srgbPrimaries] as const) : cicpPrimaries.get(primaries);
  const curve = cicpTransfers.get(transfer === UNSPECIFIED ? 13 : transfer);
  if (!points || !curve) {
    const text = `The colours (${place} ${primaries}/${transfer}) are of a kind that is not known here: taken as sRGB`;
    return { $case: "unknown", text };
  }
  if (points[1] === srgbPrimaries && curve.name === "sRGB" && !isNarrow) return { $case: "srgb" };
  const isOneName = curve.name === "sRGB" || curve.name === points[0];
  const shown = isOneName ? points[0] : `${points[0]}, ${curve.name}`;
  return {
    $case: "declared",
    colors: { name: `${shown} (${place})`, primaries: points[1], transfer: curve, isNarrow },
  };
}
