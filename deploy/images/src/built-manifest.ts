/** The fields of one of our manifests that a build uses. */
export type SourceManifest = {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
};

/** Converts a manifest to that of a built package: its entries are built modules, and it names no paths of sources. */
export function toBuiltManifest({ name, version, type, license, exports: entries }: SourceManifest) {
  const exports = Object.fromEntries(Object.entries(entries).map(([path, { default: built }]) => [path, built]));
  return { name, version, type, license, exports };
}
