import { signal } from "@preact/signals";

const message = signal("");

/** Shows a short message at the foot of the page. Screen readers speak it. It goes after some seconds, or when the next one comes. */
export function announce(text: string): void {
  message.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    message.value = "";
  }, 8_000);
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** The place of messages. */
export function Announcements() {
  return (
    <div class="announcements" role="status">
      {message.value === "" ? null : <p>{message.value}</p>}
    </div>
  );
}
