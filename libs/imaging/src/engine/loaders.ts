/**
 * The loaders of libvips that we use. Users' bytes are read from memory. Two kinds of files are read, and this package writes both under its
 * own names: libvips' format, and edited copies of JPEGs (docs/adr/0082). TIFF is open here because `openPicture` refuses it unless the
 * limits allow it.
 */
export const servedLoaders: readonly string[] = [
  "VipsForeignLoadJpegBuffer",
  "VipsForeignLoadJpegFile",
  "VipsForeignLoadPngBuffer",
  "VipsForeignLoadWebpBuffer",
  "VipsForeignLoadHeifBuffer",
  "VipsForeignLoadNsgifBuffer",
  "VipsForeignLoadTiffBuffer",
  "VipsForeignLoadVipsFile",
];

const servedFamilies = ["Jpeg", "Png", "Webp", "Heif", "Nsgif", "Tiff", "Vips"];

// All other loaders of libvips 8.18, also those that sharp's build leaves out: a system's libvips may have them.
const otherFamilies = [
  ...["Analyze", "Csv", "Dcraw", "DcRaw", "Dicom", "Fits", "Gif", "Jp2k", "Jxl", "Magick", "Magick7", "Mat", "Matrix"],
  ...["Nifti", "OpenEXR", "Openexr", "Openslide", "Pdf", "Ppm", "Rad", "Raw", "Svg", "Uhdr"],
];

/**
 * The blocked loaders of libvips, by class name. A name also blocks its subclasses, so no name is that of a family with a loader
 * that we use: blocking the family and opening its one loader again would fail decodes of other threads. A test compares this
 * list with the classes of the installed libvips.
 */
export const blockedLoaders: readonly string[] = [
  ...otherFamilies.map((family) => `VipsForeignLoad${family}`),
  ...servedFamilies
    .flatMap((family) => ["File", "Buffer", "Source"].map((kind) => `VipsForeignLoad${family}${kind}`))
    .filter((name) => !servedLoaders.includes(name)),
];
