import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { activeKey, addPictures, pictures, removePicture } from "./pictures.ts";
import { runs } from "./runs.ts";

/** Takes pictures that are dropped, pasted or chosen, and lists them. */
export function PictureDrop() {
  const isOver = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const paste = ({ clipboardData }: ClipboardEvent) => {
      const files = [...(clipboardData?.files ?? [])];
      if (files.length > 0) addPictures(files);
    };
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  }, []);
  const over = (event: DragEvent) => {
    event.preventDefault();
    isOver.value = true;
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    addPictures([...(event.dataTransfer?.files ?? [])]);
  };
  return (
    <section aria-label="Pictures">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button in it does the same by keys */}
      <div
        class={`drop${isOver.value ? " over" : ""}`}
        data-testid="drop"
        onDragOver={over}
        onDragLeave={() => (isOver.value = false)}
        onDrop={drop}
      >
        <p>Drop pictures here, paste one, or</p>
        <button type="button" class="primary" onClick={() => input.current?.click()}>
          Choose pictures
        </button>
        <input
          ref={input}
          type="file"
          class="sr-only"
          aria-label="Choose pictures"
          tabIndex={-1}
          accept="image/*"
          multiple
          onChange={({ currentTarget }) => {
            addPictures([...(currentTarget.files ?? [])]);
            currentTarget.value = "";
          }}
        />
      </div>
      <PictureList />
    </section>
  );
}

function PictureList() {
  if (pictures.value.length === 0) return null;
  return (
    <ul class="thumbs" aria-label="Chosen pictures">
      {pictures.value.map(({ key, name, url }) => (
        <li key={key}>
          <button
            type="button"
            class="thumb"
            aria-pressed={key === activeKey.value}
            title={name}
            onClick={() => (activeKey.value = key)}
          >
            <img src={url} alt={name} />
            <RunMark pictureKey={key} />
          </button>
          <button type="button" class="small" aria-label={`Remove ${name}`} onClick={() => removePicture(key)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}

function RunMark({ pictureKey }: { readonly pictureKey: number }) {
  const run = runs.value.find((one) => one.pictureKey === pictureKey);
  return run ? <span class={`mark state-${run.job.state.toLowerCase()}`}>{run.job.state.toLowerCase()}</span> : null;
}
