// The card of a customer, to be changed or made.
import { useSignal } from "@preact/signals";
import { Problem } from "../shared/api";
import { type Address, type Card, type Fields, write } from "../shared/customers";
import { LANGUAGES, t } from "../shared/i18n";
import { attempt, Button, Dialog, Field, notify, Select } from "../shared/ui";
import { checked, languageOf } from "./customerWords";

const KINDS = ["phone", "email", "handle"] as const;

interface Props {
  /** The card as it was read; none for a new customer. */
  known?: Card;
  /** Where a new customer contacts us from. */
  address?: Address;
  onClose: () => void;
  onSaved?: (id: string) => Promise<unknown>;
}

export function CustomerForm({ known, address, onClose, onSaved }: Props) {
  const before = known?.customer;
  const fields = useSignal<Fields>({
    name: before?.name ?? "",
    language: before?.language ?? "",
    addresses: before?.addresses ?? (address ? [address] : []),
    identity: before?.identity ?? null,
    notes: before?.notes ?? "",
    tags: before?.tags ?? [],
  });
  const set = (change: Partial<Fields>) => (fields.value = { ...fields.value, ...change });
  const save = async () => {
    const id = await saved(before?.id ?? "", fields.value, known?.etag ?? "");
    await onSaved?.(id);
    notify(t("agent.customer_saved"));
    onClose();
  };
  const { name, language, addresses, identity, notes, tags } = fields.value;
  return (
    <Dialog title={t("agent.customer")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void attempt(save);
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
          hint={checked(before?.identity ?? null)}
          value={identity?.how ?? ""}
          onInput={(how) => set({ identity: how === before?.identity?.how ? before.identity : how ? { how } : null })}
        />
        <Field
          label={t("agent.tags")}
          hint={t("agent.tags_hint")}
          value={tags.join(" ")}
          onInput={(value) => set({ tags: value.toLowerCase().split(/[\s,]/) })}
          autocomplete="off"
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

/** Write the card; an address of somebody else is taken over only if the person says so. */
async function saved(id: string, given: Fields, etag: string): Promise<string> {
  const identity = given.identity && { how: given.identity.how, at_ms: given.identity.at_ms };
  const addresses = given.addresses.filter(({ address }) => address.trim());
  const fields = { ...given, identity, addresses, tags: given.tags.filter((tag) => tag) };
  try {
    return await write(id, fields, etag, false);
  } catch (error) {
    if (!(error instanceof Problem && error.code === "address_taken" && confirm(t("agent.take_over")))) throw error;
    return await write(id, fields, etag, true);
  }
}

function Addresses({ rows, onChange }: { rows: Address[]; onChange: (rows: Address[]) => void }) {
  const set = (index: number, change: Partial<Address>) =>
    onChange(rows.map((row, at) => (at === index ? { ...row, ...change } : row)));
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
          <Field
            hidden
            label={t(`address.${kind}`)}
            value={address}
            onInput={(value) => set(index, { address: value })}
          />
          <Button label={t("agent.remove_address")} onClick={() => onChange(rows.filter((_, at) => at !== index))}>
            ✕
          </Button>
        </div>
      ))}
      <Button onClick={() => onChange([...rows, { kind: "phone", address: "" }])}>+ {t("agent.add_address")}</Button>
    </fieldset>
  );
}
