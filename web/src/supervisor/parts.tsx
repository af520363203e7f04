// What several parts of this page are made of.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, TargetedEvent } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { told } from "../shared/errors";
import { t } from "../shared/i18n";
import { Button, Dialog } from "../shared/ui";
import { refreshAll } from "./live";
import { href, type Tab } from "./place";

interface SplitProps {
  tab: Tab;
  id: string;
  list: ComponentChildren;
  children: ComponentChildren;
}

/** A list, and beside it the one thing of it that is open. Closing it leads back to its row. */
export function Split({ tab, id, list, children }: SplitProps) {
  const before = useRef(id);
  useEffect(() => {
    if (!id && before.current) document.getElementById(rowId(tab, before.current))?.focus();
    before.current = id;
  }, [tab, id]);
  return (
    <div class={`split ${id ? "opened" : ""}`}>
      <section class="stack">{list}</section>
      {id && children}
    </div>
  );
}

/** The link by which a row is opened. */
export function RowLink({ tab, id, open, children }: { tab: Tab; id: string; open: boolean; children: ComponentChildren }) {
  return (
    <a id={rowId(tab, id)} href={href(tab, id)} aria-current={open ? "true" : undefined}>
      {children}
    </a>
  );
}

function rowId(tab: Tab, id: string): string {
  return `${tab}-${id}`;
}

interface DetailProps {
  tab: Tab;
  title: string;
  children: ComponentChildren;
}

/** The one thing that is open; its heading has the focus first. */
export function Detail({ tab, title, children }: DetailProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const id = useId();
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class="detail card stack" aria-labelledby={id}>
      <header class="row">
        <h2 id={id} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <span class="space" />
        <a class="button" href={href(tab)} aria-label={t("close")}>
          ✕
        </a>
      </header>
      {children}
    </section>
  );
}

interface ActProps {
  title: string;
  button: string;
  act: () => Promise<unknown>;
  onClose: () => void;
  children?: ComponentChildren;
  kind?: "main" | "danger";
  /** What to say about a refusal, if the common words do not do. */
  refused?: (error: unknown) => Promise<string | undefined>;
}

/** A dialog that does one thing, says why it was refused, and closes when it is done. */
export function Act({ title, button, act, onClose, children, kind = "main", refused }: ActProps) {
  const [busy, refusal] = [useSignal(false), useSignal("")];
  const submit = async (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    [busy.value, refusal.value] = [true, ""];
    try {
      await act();
      await refreshAll();
      onClose();
    } catch (error) {
      refusal.value = (await refused?.(error)) ?? told(error);
    }
    busy.value = false;
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        {children}
        <p role="alert" class="refusal">
          {refusal.value}
        </p>
        <div class="row end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" kind={kind} disabled={busy.value}>
            {button}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface CheckProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Check({ label, checked, onChange }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

/** A table that scrolls by itself where it is wider than the screen. */
export function Table({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      <table>{children}</table>
    </div>
  );
}
