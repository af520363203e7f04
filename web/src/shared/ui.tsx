// The few parts that all pages are made of. Plain HTML elements with their own meaning, so that keyboard and screen
// reader need no help; the look is in style.css.
import { signal } from "@preact/signals";
import type { ComponentChildren, TargetedEvent } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { figures, now } from "./clock";
import { told } from "./errors";
import { choose, isLanguage, language, LANGUAGES, t } from "./i18n";

interface ButtonProps {
  children: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
  kind?: "plain" | "main" | "danger" | "quiet";
  type?: "button" | "submit";
  disabled?: boolean;
  label?: string;
  pressed?: boolean;
  /** Whether what it opens (the element of this id) is shown. */
  expanded?: boolean;
  controls?: string;
  shortcut?: string;
}

export function Button({ children, onClick, kind = "plain", type = "button", disabled, label, ...aria }: ButtonProps) {
  return (
    <button
      type={type}
      class={`button ${kind}`}
      disabled={disabled}
      aria-label={label}
      aria-pressed={aria.pressed}
      aria-expanded={aria.expanded}
      aria-controls={aria.controls}
      aria-keyshortcuts={aria.shortcut}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "password" | "search" | "datetime-local" | "date" | "tel" | "email" | "number";
  hint?: string;
  lines?: number;
  required?: boolean;
  autocomplete?: string;
  language?: string;
  min?: string;
  max?: string;
  hidden?: boolean;
}

/** A labelled text field; with `lines`, of several lines. `hidden`: the label is for screen readers only. */
export function Field({
  label,
  value,
  onInput,
  type = "text",
  hint,
  lines,
  language: lang,
  hidden,
  ...rest
}: FieldProps) {
  const id = useId();
  const shared = {
    id,
    value,
    lang,
    "aria-describedby": hint ? `${id}-hint` : undefined,
    onInput: (event: TargetedEvent<HTMLInputElement | HTMLTextAreaElement>) => onInput(event.currentTarget.value),
    ...rest,
  };
  return (
    <div class="field">
      <label for={id} class={hidden ? "unseen" : ""}>
        {label}
      </label>
      {lines ? <textarea rows={lines} {...shared} /> : <input type={type as "text"} {...shared} />}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [value: string, text: string])[];
  /** What stands there while nothing is chosen. */
  empty?: string;
  required?: boolean;
  hidden?: boolean;
}

/** A labelled choice of one. */
export function Select({ label, value, onChange, options, empty, required, hidden }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hidden ? "unseen" : ""}>
        {label}
      </label>
      <select id={id} value={value} required={required} onChange={(event) => onChange(event.currentTarget.value)}>
        {empty !== undefined && <option value="">{empty}</option>}
        {options.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

interface DialogProps {
  title: string;
  children: ComponentChildren;
  onClose: () => void;
}

/** A modal dialog: the browser keeps the focus inside and closes it on Escape; the focus starts in the first field. */
export function Dialog({ title, children, onClose }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    element.current?.showModal();
    element.current?.querySelector<HTMLElement>("input, select, textarea")?.focus();
    return () => before?.focus();
  }, []);
  return (
    <dialog ref={element} class="dialog" aria-labelledby={id} onClose={onClose}>
      <div class="title">
        <h2 id={id}>{title}</h2>
        <Button label={t("close")} onClick={() => element.current?.close()}>
          ✕
        </Button>
      </div>
      {children}
    </dialog>
  );
}

export type Tone = "calm" | "good" | "warn" | "bad";

/** A short word about a state; its colour only repeats it. */
export function Badge({ children, tone = "calm" }: { children: ComponentChildren; tone?: Tone }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

interface TimerProps {
  until?: number;
  since?: number;
  /** Measured from here, not from now. */
  at?: number;
}

/** What is left until an instant of the server, or with `since` what has passed: not announced, as it moves. */
export function Timer({ until, since, at = now.value }: TimerProps) {
  const ms = until !== undefined ? until - at : at - (since ?? 0);
  return (
    <span class="timer" role="timer" aria-live="off">
      {figures(ms)}
    </span>
  );
}

/** What to read when there is nothing to show: what this place is for, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="title">{title}</p>
      {children}
    </div>
  );
}

// -- notices -------------------------------------------------------------------------------------------------

interface Notice {
  id: number;
  text: string;
  tone: Tone;
}

const notices = signal<Notice[]>([]);
const urgent = signal("");
let count = 0;
const GOOD_NEWS_MS = 6_000; // a confirmation goes by itself; what went wrong stays

/** Show a notice; it is read out when the person pauses. */
export function notify(text: string, tone: Tone = "good"): void {
  const id = ++count;
  notices.value = [...notices.value.filter((one) => one.text !== text), { id, text, tone }];
  if (tone === "good" || tone === "calm") setTimeout(() => dismiss(id), GOOD_NEWS_MS);
}

/** Show why something failed. */
export function complain(error: unknown): void {
  notify(told(error), "bad");
}

/** Have something read out at once, without moving the focus. */
export function announce(text: string): void {
  urgent.value = text;
}

/** Do something that may be refused; a refusal is shown until something succeeds. Whether it was done. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    notices.value = notices.value.filter(({ tone }) => tone !== "bad");
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** What was refused last, to be shown where the person looks instead: behind a dialog a notice is dim. */
export function takeRefusal(): string {
  const found = notices.value.filter(({ tone }) => tone === "bad").at(-1);
  if (found) dismiss(found.id);
  return found?.text ?? "";
}

function dismiss(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id);
}

/** The place of notices and of what is read out: once per page. */
export function Notices() {
  return (
    <>
      <div class="unseen" aria-live="assertive">
        {urgent.value}
      </div>
      <div class="notices" aria-live="polite">
        {notices.value.map(({ id, text, tone }) => (
          <div key={id} class={`notice ${tone}`}>
            <span>{text}</span>
            <Button label={t("close")} onClick={() => dismiss(id)}>
              ✕
            </Button>
          </div>
        ))}
      </div>
    </>
  );
}

/** The choice of the page's language. */
export function LanguageChoice() {
  const options = Object.entries(LANGUAGES);
  const change = (value: string) => void (isLanguage(value) && choose(value));
  return <Select hidden label={t("language")} value={language.value} onChange={change} options={options} />;
}
