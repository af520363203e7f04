// Saying whom an item is about: somebody we know already, or somebody new.
import { useSignal } from "@preact/signals";
import { type Address, type AddressKind, type Customer, search } from "../shared/customers";
import { t } from "../shared/i18n";
import type { Channel, Item } from "../shared/types";
import { attempt, Button, Dialog, Field, notify } from "../shared/ui";
import { CustomerForm } from "./CustomerForm";
import { act, given } from "./work";

const KINDS: Record<Channel, AddressKind> = { phone: "phone", email: "email", chat: "handle", webhook: "handle" };
const SEARCH_CHARS_MIN = 2; // the server's bound

export function CustomerLink({ item, onClose }: { item: Item; onClose: () => void }) {
  const [words, rows] = [useSignal(""), useSignal<Customer[] | null>(null)];
  const [remember, making] = [useSignal(false), useSignal(false)];
  const from = given.value[item.id]?.address ?? "";
  const find = () => void attempt(async () => (rows.value = await search(words.value.trim())));
  const link = async (customer: string) => {
    if (!(await act("customer", item.id, { customer, remember: remember.value }))) return;
    notify(t("agent.linked"));
    onClose();
  };
  if (making.value) {
    const address: Address | undefined = from ? { kind: KINDS[item.channel], address: from } : undefined;
    const saved = (customer: string) => act("customer", item.id, { customer });
    return <CustomerForm address={address} onClose={onClose} onSaved={saved} />;
  }
  return (
    <Dialog title={t("agent.link_title")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          find();
        }}
      >
        <Field
          label={t("agent.search_by")}
          type="search"
          value={words.value}
          onInput={(value) => (words.value = value)}
        />
        <div class="row end">
          <Button onClick={() => (making.value = true)}>{t("agent.new_customer")}</Button>
          <Button type="submit" kind="main" disabled={words.value.trim().length < SEARCH_CHARS_MIN}>
            {t("search")}
          </Button>
        </div>
        {from && (
          <label class="check">
            <input
              type="checkbox"
              checked={remember.value}
              onChange={(event) => (remember.value = event.currentTarget.checked)}
            />
            {t("agent.remember", { address: from })}
          </label>
        )}
        <ul class="stack tight" aria-live="polite">
          {rows.value?.map(({ id, name, addresses }) => (
            <li key={id} class="row between">
              <span>
                <strong>{name || t("agent.unknown_customer")}</strong>{" "}
                <span class="soft">{addresses.map(({ address }) => address).join(", ")}</span>
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
