export interface Form {
  [name: string]: string | Form | (string | Form)[];
}

/** Stripe's form encoding, `a[b][0]=c`, as the tree it stands for. A list is an object whose names count from 0. */
export function readForm(text: string): Form {
  const root: Form = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = [...name.matchAll(/[^[\]]+/g)].map(([part]) => part);
    let place: Form = root;
    for (const part of path.slice(0, -1)) {
      const inside = place[part];
      const next: Form = typeof inside === 'object' && !Array.isArray(inside) ? inside : {};
      place[part] = next;
      place = next;
    }
    const last = path.at(-1);
    if (last !== undefined) place[last] = value;
  }
  return listed(root) as Form;
}

function listed(value: string | Form | (string | Form)[]): string | Form | (string | Form)[] {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const names = Object.keys(value);
  const items = names.map((name) => listed(value[name] as Form) as string | Form);
  if (names.length > 0 && names.every((name, index) => name === String(index))) return items;
  return Object.fromEntries(names.map((name, index) => [name, items[index]!]));
}

/** A text value, or undefined. */
export const textOf = (form: Form, name: string): string | undefined => {
  const value = form[name];
  return typeof value === 'string' ? value : undefined;
};
