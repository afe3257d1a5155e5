import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Divider } from "./divider.tsx";
import { panBy, type View, type ViewSize, wholeView, zoomAt } from "./view-box.ts";

/** A picture of the viewer. */
export type ViewedPicture = { readonly url: string; readonly label: string };

const zoomStep = 1.5;
const panStepPx = 40;
/** From here on, pixels are seen as squares. */
const pixelScale = 4;

/** Shows two pictures one over the other, with a divider between them. Zoom and pan move both. Transparent parts show a checkerboard. */
export function CompareViewer({
  before,
  after,
}: {
  readonly before: ViewedPicture;
  readonly after: ViewedPicture | undefined;
}) {
  const view = useSignal<View>(wholeView);
  const share = useSignal(0.5);
  const frame = useRef<HTMLDivElement>(null);
  const size = (): ViewSize => ({
    widthPx: frame.current?.clientWidth ?? 1,
    heightPx: frame.current?.clientHeight ?? 1,
  });
  const zoom = (factor: number, atX = 0, atY = 0) => {
    view.value = zoomAt(view.value, factor, atX, atY, size());
  };
  const pan = (byX: number, byY: number) => {
    view.value = panBy(view.value, byX, byY, size());
  };
  const { scale, x, y } = view.value;
  const transform = `translate(${x}px, ${y}px) scale(${scale})`;
  return (
    <div class="viewer">
      <section
        ref={frame}
        class={`viewer-frame checkerboard${scale > 1 ? " zoomed" : ""}${scale >= pixelScale ? " pixels" : ""}`}
        aria-label={`${after ? `${before.label} and ${after.label}` : before.label}. Plus and minus zoom, arrow keys move, 0 shows all`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys zoom and move the pictures
        tabIndex={0}
        onWheel={(event) => {
          event.preventDefault();
          const box = event.currentTarget.getBoundingClientRect();
          const [atX, atY] = [event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2];
          zoom(Math.exp(-event.deltaY / 400), atX, atY);
        }}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) pan(event.movementX, event.movementY);
        }}
        onKeyDown={(event) => onKey(event, { zoom, pan, reset: () => (view.value = wholeView) })}
      >
        <img src={before.url} alt={before.label} style={{ transform }} draggable={false} />
        {after ? (
          <>
            <div class="viewer-after checkerboard" style={{ clipPath: `inset(0 0 0 ${share.value * 100}%)` }}>
              <img src={after.url} alt={after.label} style={{ transform }} draggable={false} data-testid="after" />
            </div>
            <Divider share={share.value} onChange={(value) => (share.value = value)} />
          </>
        ) : null}
      </section>
      <div class="row viewer-bar">
        <span>{before.label}</span>
        <span class="grow" />
        <button
          type="button"
          class="small"
          aria-label="Zoom out"
          disabled={scale <= 1}
          onClick={() => zoom(1 / zoomStep)}
        >
          −
        </button>
        <span class="zoom">{Math.round(scale * 100)} %</span>
        <button type="button" class="small" aria-label="Zoom in" onClick={() => zoom(zoomStep)}>
          +
        </button>
        <button type="button" class="small" disabled={scale <= 1} onClick={() => (view.value = wholeView)}>
          Whole picture
        </button>
        <span class="grow" />
        <span>{after?.label}</span>
      </div>
    </div>
  );
}

type Moves = {
  readonly zoom: (factor: number) => void;
  readonly pan: (byX: number, byY: number) => void;
  readonly reset: () => void;
};

function onKey(event: KeyboardEvent, { zoom, pan, reset }: Moves): void {
  // The keys of the divider are its own.
  if (event.target !== event.currentTarget) return;
  const actions: Readonly<Record<string, () => void>> = {
    "+": () => zoom(zoomStep),
    "=": () => zoom(zoomStep),
    "-": () => zoom(1 / zoomStep),
    "0": reset,
    ArrowLeft: () => pan(panStepPx, 0),
    ArrowRight: () => pan(-panStepPx, 0),
    ArrowUp: () => pan(0, panStepPx),
    ArrowDown: () => pan(0, -panStepPx),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
