import { useSignal } from "@preact/signals";
import { tenant, token } from "../api/access.ts";
import { type CodeTexts, toCodeTexts } from "../pipeline/code-texts.ts";
import { asksForWork } from "../pipeline/draft.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { catalogue, draft } from "./draft-state.ts";
import { activePicture, furtherPictures } from "./pictures.ts";

const kinds: Readonly<Record<keyof CodeTexts, string>> = {
  curl: "curl",
  cli: "Command line",
  typescript: "TypeScript",
};

/** The job of the form as text to copy. */
export function CodePanel() {
  const kind = useSignal<keyof CodeTexts>("curl");
  if (!asksForWork(draft.value)) return null;
  const texts = toCodeTexts(draft.value, {
    origin: location.origin,
    fileName: activePicture.value?.name ?? "photo.jpg",
    fileOf: (picture) => furtherPictures.value.find(({ sentAs }) => sentAs === picture)?.name ?? `${picture}.png`,
    tenant: tenant.value,
    needsToken: token.value !== "",
    catalogue: catalogue.value,
  });
  const text = texts[kind.value];
  return (
    <section aria-label="The same as code">
      <div class="row">
        <h2>The same as code</h2>
        <fieldset class="tabs">
          <legend class="sr-only">Kind of code</legend>
          {(Object.keys(kinds) as (keyof CodeTexts)[]).map((name) => (
            <button
              key={name}
              type="button"
              class="tab"
              aria-pressed={kind.value === name}
              onClick={() => (kind.value = name)}
            >
              {kinds[name]}
            </button>
          ))}
        </fieldset>
        <CopyButton text={text} what={kinds[kind.value]} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long line is scrolled by keys */}
      <pre tabIndex={0} data-testid="code">
        <code>{text}</code>
      </pre>
    </section>
  );
}
