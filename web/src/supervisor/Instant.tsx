// Which instant is shown: now, or one of the past. What is past is marked as such, and cannot be changed.
import { useSignal, useSignalEffect } from "@preact/signals";
import type { TargetedEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { now } from "../shared/clock";
import { language, t } from "../shared/i18n";
import { Button, Field } from "../shared/ui";
import { refreshAll } from "./live";
import { href, place } from "./place";

const STEP_MS = 300_000; // what a leader remembers is some minutes off

export function Instant() {
  const { tab, id, at } = place.value;
  const text = useSignal("");
  useSignalEffect(() => {
    const then = place.value.at;
    text.value = then ? asTyped(Date.parse(then)) : "";
  });
  const go = (to?: number) => {
    const there = href(tab, id, to === undefined ? "" : new Date(to).toISOString());
    if (location.hash === there) void refreshAll();
    else location.hash = there;
  };
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (!at) form.current?.querySelector("input")?.focus();
  }, []);
  const submit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    go(new Date(text.value).getTime());
  };
  return (
    <section class={`instant ${at ? "note warn" : ""}`} aria-label={t("supervisor.then_title")}>
      <p role="status">{at && t("supervisor.then_is", { when: whole(at) })}</p>
      <form class="row" ref={form} onSubmit={submit}>
        <Field
          label={t("supervisor.then_at")}
          type="datetime-local"
          value={text.value}
          max={asTyped(now.value)}
          onInput={(value) => (text.value = value)}
          required
        />
        <Button type="submit">{t("supervisor.then_show")}</Button>
        {at && <Steps at={Date.parse(at)} go={go} />}
      </form>
    </section>
  );
}

function Steps({ at, go }: { at: number; go: (to?: number) => void }) {
  return (
    <>
      <Button onClick={() => go(at - STEP_MS)}>{t("supervisor.then_earlier")}</Button>
      <Button disabled={at + STEP_MS > now.value} onClick={() => go(at + STEP_MS)}>
        {t("supervisor.then_later")}
      </Button>
      <span class="space" />
      <Button kind="main" onClick={() => go()}>
        {t("supervisor.then_back")}
      </Button>
    </>
  );
}

/** What a datetime-local field holds: the reader's own time, to the minute. */
function asTyped(at: number): string {
  const there = new Date(at);
  return new Date(at - there.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function whole(at: string): string {
  const style = { dateStyle: "full", timeStyle: "medium" } as const;
  return new Intl.DateTimeFormat(language.value, { ...style, hourCycle: "h23" }).format(Date.parse(at));
}
