import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

type Question = {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly answer: (agreed: boolean) => void;
};

const question = signal<Question | undefined>(undefined);

/** Asks before something that cannot be undone. Resolves with true if the user agrees. */
export function confirmAction(title: string, text: string, yes: string): Promise<boolean> {
  question.value?.answer(false);
  return new Promise((resolve) => {
    question.value = {
      title,
      text,
      yes,
      answer(agreed) {
        question.value = undefined;
        resolve(agreed);
      },
    };
  });
}

/** The dialog of confirmAction. */
export function ConfirmDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked) dialog.current?.showModal();
    else dialog.current?.close();
  }, [asked]);
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onCancel={() => asked?.answer(false)}>
      <h2 id="confirm-title">{asked?.title}</h2>
      <p>{asked?.text}</p>
      <div class="row">
        <button type="button" class="primary" onClick={() => asked?.answer(true)}>
          {asked?.yes}
        </button>
        <button type="button" onClick={() => asked?.answer(false)}>
          Back
        </button>
      </div>
    </dialog>
  );
}
