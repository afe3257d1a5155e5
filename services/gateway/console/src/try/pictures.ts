import { computed, signal } from "@preact/signals";
import { uploadPicture } from "../api/jobs.ts";
import type { StoredPicture } from "../api/types.ts";
import { toSentName } from "../pipeline/sent-name.ts";
import { announce } from "../ui/announce.tsx";

/** A picture that the user has chosen. */
export type TryPicture = {
  readonly key: number;
  readonly name: string;
  readonly file: File;
  /** An object URL of the file. */
  readonly url: string;
};

/** A further picture of the jobs, such as a logo or a background, with the name under which it is sent. */
export type FurtherPicture = TryPicture & { readonly sentAs: string };

/** The most pictures that the page holds. */
export const maxPictures = 50;

/** The most further pictures that the page holds. */
export const maxFurther = 14;

/** The further pictures, in the order in which they came. */
export const furtherPictures = signal<readonly FurtherPicture[]>([]);

/** The chosen pictures, in the order in which they came. */
export const pictures = signal<readonly TryPicture[]>([]);

/** Key of the picture that the viewer shows. */
export const activeKey = signal<number | undefined>(undefined);

/** The picture that the viewer shows. */
export const activePicture = computed(() => pictures.value.find(({ key }) => key === activeKey.value));

let lastKey = 0;
const stored = new Map<number, Promise<StoredPicture>>();

/** Adds picture files and shows the first of them. Other files are left out, with a message. */
export function addPictures(files: readonly File[]): void {
  const usable = files.filter(({ type }) => type.startsWith("image/"));
  if (usable.length < files.length)
    announce(`${files.length - usable.length} of ${files.length} files are no pictures`);
  const free = maxPictures - pictures.value.length;
  if (usable.length > free)
    announce(`The page holds ${maxPictures} pictures. For more, use a batch of the command line`);
  const added = usable.slice(0, free).map((file): TryPicture => {
    lastKey += 1;
    return { key: lastKey, name: file.name || "pasted.png", file, url: URL.createObjectURL(file) };
  });
  pictures.value = [...pictures.value, ...added];
  activeKey.value = added[0]?.key ?? activeKey.value;
}

/** Adds a further picture and returns the name under which it is sent; undefined, with a message, if it cannot be added. */
export function addFurtherPicture(file: File): string | undefined {
  if (!file.type.startsWith("image/")) announce(`${file.name} is no picture`);
  else if (furtherPictures.value.length >= maxFurther) announce(`The page holds ${maxFurther} further pictures`);
  else {
    lastKey += 1;
    const taken = furtherPictures.value.map(({ sentAs }) => sentAs);
    const picture = { key: lastKey, name: file.name, file, url: URL.createObjectURL(file) };
    const sentAs = toSentName(file.name, taken);
    furtherPictures.value = [...furtherPictures.value, { ...picture, sentAs }];
    return sentAs;
  }
  return undefined;
}

/** Removes a picture from the page. Its jobs go on. */
export function removePicture(key: number): void {
  const picture = pictures.value.find((one) => one.key === key);
  if (!picture) return;
  URL.revokeObjectURL(picture.url);
  stored.delete(key);
  pictures.value = pictures.value.filter((one) => one.key !== key);
  if (activeKey.value === key) activeKey.value = pictures.value[0]?.key;
}

/** Sends a picture once, and returns how later calls name it. A failed upload is tried again by the next call. */
export function storePicture(picture: TryPicture): Promise<StoredPicture> {
  const known = stored.get(picture.key);
  if (known) return known;
  // No caller aborts it: others may wait for the same upload.
  const sent = uploadPicture(picture.file, new AbortController().signal);
  stored.set(picture.key, sent);
  sent.catch(() => stored.delete(picture.key));
  return sent;
}

/** Forgets that a picture was sent, because the mesh no longer has it. */
export function forgetStored({ key }: TryPicture): void {
  stored.delete(key);
}
