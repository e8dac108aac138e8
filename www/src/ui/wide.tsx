import type { ComponentChildren } from "preact";

/** What may be wider than the screen, and is scrolled by itself. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="scroll" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
