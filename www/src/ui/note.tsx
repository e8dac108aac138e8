import { advise } from "../lib/advice.js";
import { Copy } from "./copy.js";

/** An error where it happened: what it is, what to do, and another try. */
export function ErrorNote({ error, retry, isWriting = false }: { error: unknown; retry?: () => void; isWriting?: boolean }) {
  const { title, detail, what, rule } = advise(error, { isWriting });
  return (
    <section class="note" role="alert">
      <h2>{title}</h2>
      <p class="detail">{detail}</p>
      {what && <p>{what}</p>}
      {rule && <Code text={rule} label="CORS rule" />}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </section>
  );
}

export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div class="code">
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <Copy text={text} what={label} />
    </div>
  );
}

/** Where content will be. */
export function Skeleton({ rows = 6, label }: { rows?: number; label: string }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} class={`w${(i * 7) % 5}`} />
      ))}
    </div>
  );
}
