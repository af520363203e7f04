// A customer's test chat: who writes, and then the conversation.
import { useSignal } from "@preact/signals";
import type { TargetedEvent } from "preact";
import { known, language, LANGUAGES, t } from "../shared/i18n";
import { Button, Field, LanguageChoice, Select } from "../shared/ui";
import { Conversation } from "./Conversation";
import { begin, kept, refusal, startAnew } from "./talk";

const sites = new URLSearchParams(location.search).getAll("site");

export function Chat() {
  return (
    <main class="chat stack">
      <header class="row">
        <h1>{t("chat.title")}</h1>
        <LanguageChoice />
      </header>
      {refusal.value && <Refusal code={refusal.value} />}
      {kept.value ? <Conversation /> : <Begin />}
    </main>
  );
}

function Refusal({ code }: { code: string }) {
  return (
    <div role="alert" class="note bad row">
      <span>{known(`chat.code.${code}`) ?? known(`code.${code}`) ?? t("code.internal")}</span>
      {kept.value && <Button onClick={startAnew}>{t("chat.anew")}</Button>}
    </div>
  );
}

function Begin() {
  const [site, name, quoted] = [useSignal(sites[0] ?? ""), useSignal(""), useSignal("")];
  const spoken = useSignal<string>(language.value);
  const submit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    begin({ site: site.value.trim(), name: name.value.trim(), language: spoken.value, reference: quoted.value.trim() });
  };
  const set = (field: { value: string }) => (value: string) => (field.value = value);
  return (
    <form class="card stack" onSubmit={submit}>
      {sites.length > 1 && (
        <Select label={t("chat.site")} value={site.value} onChange={set(site)} options={sites.map((one) => [one, one])} />
      )}
      {sites.length === 0 && (
        <Field label={t("chat.site")} hint={t("chat.site_hint")} value={site.value} onInput={set(site)} required />
      )}
      <Select
        label={t("chat.language")}
        value={spoken.value}
        onChange={set(spoken)}
        options={Object.entries(LANGUAGES)}
      />
      <Field label={t("chat.name")} value={name.value} onInput={set(name)} autocomplete="name" />
      <Field label={t("chat.quoted")} hint={t("chat.quoted_hint")} value={quoted.value} onInput={set(quoted)} />
      <Button type="submit" kind="main">
        {t("chat.begin")}
      </Button>
    </form>
  );
}
