// What a person can choose from: a value, and what is read.
export type Choice = readonly [value: string, text: string];

/** In the order of the reader's alphabet. */
export function sorted(choices: Choice[]): Choice[] {
  return choices.sort((a, b) => a[1].localeCompare(b[1]));
}
