import type { Page } from '#directory/api';

/** A page with each item as the API shows it. */
export async function pageOf<T, View>(
  page: Page<T>,
  view: (item: T) => View | Promise<View>,
): Promise<{ items: View[]; next?: string }> {
  const items = await Promise.all(page.items.map(view));
  return page.next === undefined ? { items } : { items, next: page.next };
}
