import { useState } from "preact/hooks";

export function Copy({ text, what }: { text: string; what: string }) {
  const [said, setSaid] = useState("Copy");
  const copy = async () => {
    const isCopied = await navigator.clipboard.writeText(text).then(() => true, () => false);
    setSaid(isCopied ? "Copied" : "Not allowed");
    setTimeout(() => setSaid("Copy"), 1_500);
  };
  return (
    <button type="button" class="copy" aria-label={`${said} ${what}`} onClick={() => void copy()}>
      {said}
    </button>
  );
}
