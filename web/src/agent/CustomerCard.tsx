// Who it is about. What is typed here is kept with the customer, for everybody who helps them next.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Problem } from "../shared/api";
import { moment } from "../shared/clock";
import { type Card, card, type Customer } from "../shared/customers";
import { t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { Button, complain } from "../shared/ui";
import { codeName, queueName } from "./centre";
import { ChannelMark } from "./ChannelMark";
import { CustomerForm } from "./CustomerForm";
import { CustomerLink } from "./CustomerLink";
import { checked, languageOf } from "./customerWords";
import { caller, given, nameKnown } from "./work";

export function CustomerCard({ item }: { item: Item }) {
  const [found, shown] = [useSignal<Card | null>(null), useSignal<"edit" | "link" | "">("")];
  const wanted = useRef("");
  wanted.current = item.customer;
  const load = () => {
    const id = wanted.current;
    const keep = (it: Card) => {
      if (id === wanted.current) found.value = it;
      nameKnown(id, it.customer.name);
    };
    if (id) card(id).then(keep, missing);
    else found.value = null;
  };
  const close = () => {
    shown.value = "";
    load();
  };
  useEffect(load, [item.customer]);
  return (
    <section class="card stack" aria-labelledby="customer-title">
      <div class="row between">
        <h3 id="customer-title">{t("agent.customer")}</h3>
        <div class="row">
          {found.value && <Button onClick={() => (shown.value = "edit")}>{t("agent.edit")}</Button>}
          <Button onClick={() => (shown.value = "link")}>{t("agent.link")}</Button>
        </div>
      </div>
      {found.value ? <Facts of={found.value.customer} /> : <Unknown item={item} />}
      {found.value && <Contacts of={found.value} item={item.id} />}
      {shown.value === "edit" && found.value && <CustomerForm known={found.value} onClose={close} />}
      {shown.value === "link" && <CustomerLink item={item} onClose={close} />}
    </section>
  );
}

/** Nobody we know: what came with the contact is all there is. */
function Unknown({ item }: { item: Item }) {
  const attributes = Object.entries(given.value[item.id]?.attributes ?? {});
  return (
    <dl class="facts">
      <Fact name={t("agent.address")}>
        {given.value[item.id]?.address || caller(item) || t("agent.unknown_customer")}
      </Fact>
      {attributes.map(([name, value]) => (
        <Fact key={name} name={name}>
          {String(value)}
        </Fact>
      ))}
    </dl>
  );
}

function Facts({ of: { name, language, addresses, identity, notes, tags } }: { of: Customer }) {
  return (
    <dl class="facts">
      <Fact name={t("agent.name")}>{name || t("agent.not_said")}</Fact>
      {addresses.map(({ kind, address }) => (
        <Fact key={address} name={t(`address.${kind}`)}>
          {address}
        </Fact>
      ))}
      <Fact name={t("agent.language")}>{languageOf(language)}</Fact>
      <Fact name={t("agent.identity")}>{checked(identity)}</Fact>
      {tags.length > 0 && <Fact name={t("agent.tags")}>{tags.join(", ")}</Fact>}
      {notes && <Fact name={t("agent.notes")}>{notes}</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Contacts({ of: { customer }, item }: { of: Card; item: string }) {
  const earlier = customer.contacts.filter((contact) => contact.item !== item);
  if (!earlier.length) return null;
  return (
    <details>
      <summary>
        {t("agent.earlier")} <span class="soft">{earlier.length}</span>
      </summary>
      <ol class="stack tight">
        {earlier.map(({ item, reference, channel, queue, disposition, opened_at_ms }) => (
          <li key={item}>
            <span class="soft">{moment(opened_at_ms)}</span> <ChannelMark channel={channel} /> · {queueName(queue)}
            {disposition && <> · {codeName("disposition", disposition)}</>} <span class="soft">{reference}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

/** A customer who was erased, or is nobody's to see, is shown as unknown. */
function missing(error: unknown): void {
  if (!(error instanceof Problem && [403, 404].includes(error.status))) complain(error);
}
