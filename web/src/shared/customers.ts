// Customers: who contacts us. Personal data: asked for when shown, kept nowhere.
import { api, tagged } from "./api";
import type { Channel, Page } from "./types";

export type AddressKind = "phone" | "email" | "handle";

export interface Address {
  kind: AddressKind;
  address: string;
}

export interface Identity {
  how: string;
  at_ms: number;
  by: string;
}

/** One item of a customer, as the archive has it. */
export interface Contact {
  item: string;
  reference: string;
  channel: Channel;
  queue: string;
  category: string;
  disposition: string;
  opened_at_ms: number;
  closed_at_ms: number | null;
}

export interface Customer {
  id: string;
  name: string;
  language: string;
  addresses: Address[];
  identity: Identity | null;
  notes: string;
  tags: string[];
}

/** What a person may say of a customer. A check of identity without its instant is one that was made now. */
export interface Fields extends Omit<Customer, "id" | "identity"> {
  identity: { how: string; at_ms?: number } | null;
}

export interface Card {
  customer: Customer & { contacts: Contact[] };
  etag: string;
}

export async function card(id: string): Promise<Card> {
  const { body, etag } = await tagged<Card["customer"]>("GET", path(id));
  return { customer: body, etag };
}

export async function search(words: string): Promise<Customer[]> {
  return (await api<Page<Customer>>("POST", "/customers/search", { body: { q: words } })).rows;
}

/** Change a card, or make one (`id` ""); the id of the customer. `take`: addresses may come from another customer. */
export async function write(id: string, fields: Fields, etag: string, take: boolean): Promise<string> {
  const body = { ...fields, take };
  if (!id) return (await api<Customer>("POST", "/customers", { body })).id;
  return (await api<Customer>("PUT", path(id), { body, etag })).id;
}

function path(id: string): string {
  return `/customers/${encodeURIComponent(id)}`;
}
