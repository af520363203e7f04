// A button that opens a small panel below itself. Escape and a click elsewhere close it; the focus goes back.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface MenuProps {
  text: ComponentChildren;
  children: (close: () => void) => ComponentChildren;
  pressed?: boolean;
}

export function Menu({ text, children, pressed }: MenuProps) {
  const shown = useSignal(false);
  const [place, button] = [useRef<HTMLDivElement>(null), useRef<HTMLButtonElement>(null)];
  const id = useId();
  const close = () => {
    shown.value = false;
    button.current?.focus();
  };
  useEffect(() => {
    const outside = (event: Event) => {
      if (!place.current?.contains(event.target as Node)) shown.value = false;
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key === "Escape" && shown.value) close();
    };
    addEventListener("pointerdown", outside);
    addEventListener("keydown", escape);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("keydown", escape);
    };
  }, []);
  return (
    <div class="menu" ref={place}>
      <button
        ref={button}
        type="button"
        class={`button ${pressed ? "pressed" : ""}`}
        aria-expanded={shown.value}
        aria-controls={id}
        onClick={() => (shown.value = !shown.value)}
      >
        {text} <span aria-hidden="true">▾</span>
      </button>
      {shown.value && (
        <div id={id} class="panel card stack">
          {children(close)}
        </div>
      )}
    </div>
  );
}
