// Customers: who contacts us. Personal data: asked for when shown, kept nowhere.
import { api, tagged } from "./api";
import type { Page } from "./types";

export type AddressKind = "phone" | "email" | "handle";

export interface Address {
  kind: AddressKind;
  address: string;
}

export interface Customer {
  id: string;
  name: string;
  language: string;
  addresses: Address[];
  identity: { how: string; at_ms: number; by: string } | null;
  notes: string;
}

export type Fields = Omit<Customer, "id">;

export async function customer(id: string): Promise<{ customer: Customer; etag: string }> {
  const { body, etag } = await tagged<Customer>("GET", `/customers/${encodeURIComponent(id)}`);
  return { customer: body, etag };
}

export async function search(words: string): Promise<Customer[]> {
  return (await api<Page<Customer>>("GET", `/customers?q=${encodeURIComponent(words)}`)).rows;
}

export async function write(id: string, fields: Fields, etag: string): Promise<void> {
  await api("PUT", `/customers/${encodeURIComponent(id)}`, { body: fields, etag });
}
