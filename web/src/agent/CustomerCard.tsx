// Who it is about. What is typed here is kept with the customer, for everybody who helps them next.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Problem } from "../shared/api";
import { moment, serverNow } from "../shared/clock";
import { type Address, type Customer, customer, type Fields, search, write } from "../shared/customers";
import { LANGUAGES, t } from "../shared/i18n";
import { session } from "../shared/session";
import type { Item } from "../shared/types";
import { attempt, Button, complain, Dialog, Field, notify, Select } from "../shared/ui";
import { act, caller, given } from "./work";

interface Known {
  customer: Customer;
  etag: string;
}

export function CustomerCard({ item }: { item: Item }) {
  const [found, editing, linking] = [useSignal<Known | null>(null), useSignal(false), useSignal(false)];
  const load = () => {
    found.value = null;
    if (item.customer) customer(item.customer).then((it) => (found.value = it), missing);
  };
  useEffect(load, [item.customer]);
  return (
    <section class="card stack" aria-labelledby="customer-title">
      <div class="row between">
        <h3 id="customer-title">{t("agent.customer")}</h3>
        <div class="row">
          {found.value && <Button onClick={() => (editing.value = true)}>{t("agent.edit")}</Button>}
          <Button onClick={() => (linking.value = true)}>{t("agent.link")}</Button>
        </div>
      </div>
      {found.value ? <Facts of={found.value.customer} /> : <Unknown item={item} />}
      {editing.value && found.value && (
        <Edit
          known={found.value}
          onClose={() => {
            editing.value = false;
            load();
          }}
        />
      )}
      {linking.value && <Link item={item} onClose={() => (linking.value = false)} />}
    </section>
  );
}

/** Nobody we know: what came with the contact is all there is. */
function Unknown({ item }: { item: Item }) {
  const attributes = Object.entries(given.value[item.id]?.attributes ?? {});
  return (
    <dl class="facts">
      <dt>{t("agent.address")}</dt>
      <dd>{given.value[item.id]?.address || caller(item) || t("agent.unknown_customer")}</dd>
      {attributes.map(([name, value]) => (
        <Fact key={name} name={name} value={String(value)} />
      ))}
    </dl>
  );
}

function Facts({ of: { name, language, addresses, identity, notes } }: { of: Customer }) {
  return (
    <dl class="facts">
      <Fact name={t("agent.name")} value={name || t("agent.not_said")} />
      {addresses.map(({ kind, address }) => (
        <Fact key={address} name={t(`address.${kind}`)} value={address} />
      ))}
      <Fact name={t("agent.language")} value={languageOf(language)} />
      <Fact
        name={t("agent.identity")}
        value={identity ? t("agent.checked", { how: identity.how, at: moment(identity.at_ms), by: identity.by }) : t("agent.not_checked")}
      />
      {notes && <Fact name={t("agent.notes")} value={notes} />}
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Edit({ known: { customer: before, etag }, onClose }: { known: Known; onClose: () => void }) {
  const { id, ...rest } = before;
  const fields = useSignal<Fields>({ ...rest, addresses: [...rest.addresses] });
  const set = (change: Partial<Fields>) => (fields.value = { ...fields.value, ...change });
  const save = async () => {
    const addresses = fields.value.addresses.filter(({ address }) => address.trim());
    if (!(await attempt(() => write(id, { ...fields.value, addresses }, etag)))) return;
    notify(t("agent.customer_saved"));
    onClose();
  };
  const { name, language, addresses, identity, notes } = fields.value;
  return (
    <Dialog title={t("agent.customer")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label={t("agent.name")} value={name} onInput={(value) => set({ name: value })} autocomplete="off" />
        <Select
          label={t("agent.language")}
          value={language}
          empty={t("agent.not_said")}
          options={Object.keys(LANGUAGES).map((tag) => [tag, languageOf(tag)])}
          onChange={(value) => set({ language: value })}
        />
        <Addresses rows={addresses} onChange={(rows) => set({ addresses: rows })} />
        <Field
          label={t("agent.identity_how")}
          hint={identity?.at_ms ? t("agent.checked", { how: identity.how, at: moment(identity.at_ms), by: identity.by }) : t("agent.not_checked")}
          value={identity?.how ?? ""}
          onInput={(how) => set({ identity: how ? { how, at_ms: serverNow(), by: session.value?.account.login ?? "" } : null })}
        />
        <Field label={t("agent.notes")} lines={4} value={notes} onInput={(value) => set({ notes: value })} />
        <div class="row end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" type="submit">
            {t("save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const KINDS = ["phone", "email", "handle"] as const;

function Addresses({ rows, onChange }: { rows: Address[]; onChange: (rows: Address[]) => void }) {
  const set = (index: number, change: Partial<Address>) => onChange(rows.map((row, at) => (at === index ? { ...row, ...change } : row)));
  return (
    <fieldset class="stack tight">
      <legend>{t("agent.addresses")}</legend>
      {rows.map(({ kind, address }, index) => (
        <div key={index} class="address">
          <Select
            hidden
            label={t("agent.kind")}
            value={kind}
            options={KINDS.map((one) => [one, t(`address.${one}`)])}
            onChange={(value) => set(index, { kind: KINDS.find((one) => one === value) ?? kind })}
          />
          <Field hidden label={t(`address.${kind}`)} value={address} onInput={(value) => set(index, { address: value })} />
          <Button label={t("agent.remove_address")} onClick={() => onChange(rows.filter((_, at) => at !== index))}>
            ✕
          </Button>
        </div>
      ))}
      <Button onClick={() => onChange([...rows, { kind: "phone", address: "" }])}>+ {t("agent.add_address")}</Button>
    </fieldset>
  );
}

function Link({ item, onClose }: { item: Item; onClose: () => void }) {
  const [words, rows] = [useSignal(""), useSignal<Customer[] | null>(null)];
  const find = () => void search(words.value.trim()).then((found) => (rows.value = found), complain);
  const link = async (id: string) => {
    if (!(await act("customer", item.id, { customer: id }))) return;
    notify(t("agent.linked"));
    onClose();
  };
  return (
    <Dialog title={t("agent.link_title")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          find();
        }}
      >
        <Field label={t("agent.search_by")} type="search" value={words.value} onInput={(value) => (words.value = value)} />
        <div class="row end">
          <Button type="submit" kind="main" disabled={!words.value.trim()}>
            {t("search")}
          </Button>
        </div>
        <ul class="stack tight" aria-live="polite">
          {rows.value?.map(({ id, name, addresses }) => (
            <li key={id} class="row between">
              <span>
                <strong>{name || t("agent.unknown_customer")}</strong> <span class="soft">{addresses.map(({ address }) => address).join(", ")}</span>
              </span>
              <Button onClick={() => void link(id)}>{t("agent.link_this")}</Button>
            </li>
          ))}
          {rows.value?.length === 0 && <li>{t("agent.nobody_found")}</li>}
        </ul>
      </form>
    </Dialog>
  );
}

/** A customer who was erased, or is nobody's to see, is shown as unknown. */
function missing(error: unknown): void {
  if (!(error instanceof Problem && [403, 404].includes(error.status))) complain(error);
}

function languageOf(tag: string): string {
  return tag in LANGUAGES ? t(`language.${tag as keyof typeof LANGUAGES}`) : tag || t("agent.not_said");
}
