import type { Breakdown, InvoiceDocument } from './document.ts';
import { BOTTOM, COLOR, FONT, figures, LEFT, type Page, RIGHT } from './pdf-page.ts';

const ROW_HEIGHT = 15;
const BAR = { x: 265, width: 120 } as const;
const QUANTITY = { x: 390, width: 80 } as const;
const AMOUNT = { x: 475, width: RIGHT - 475 } as const;

/** On pages of its own: who used what, the largest first, each with its exact share of the line. */
export function drawBreakdowns(page: Page, { breakdowns }: InvoiceDocument): void {
  page.addPage();
  page.font(FONT.bold).fontSize(15).fillColor(COLOR.ink).text('Behind the lines', LEFT, 56);
  page
    .font(FONT.regular)
    .fontSize(9)
    .fillColor(COLOR.muted)
    .text('What each resource had in a line. The shares add up to the line to the cent.', LEFT, page.y + 2);
  let y = page.y + 18;
  for (const breakdown of breakdowns) {
    const height = 22 + (breakdown.rows.length + (breakdown.rest ? 1 : 0)) * ROW_HEIGHT;
    if (y + Math.min(height, 120) > BOTTOM) {
      page.addPage();
      y = 60;
    }
    y = drawBreakdown(page, breakdown, y) + 16;
  }
}

function drawBreakdown(page: Page, { title, unit, rows, rest }: Breakdown, top: number): number {
  page.font(FONT.bold).fontSize(10).fillColor(COLOR.ink).text(title, LEFT, top, { continued: true });
  page.font(FONT.regular).fillColor(COLOR.muted).text(`  ${unit}`);
  let y = top + 20;
  for (const { name, quantity, amount, share } of rows) {
    if (y + ROW_HEIGHT > BOTTOM) {
      page.addPage();
      y = 60;
    }
    page
      .font(FONT.regular)
      .fontSize(8.5)
      .fillColor(COLOR.ink)
      .text(name, LEFT, y, { width: 205, height: 11, ellipsis: true });
    page.roundedRect(BAR.x, y + 2, BAR.width, 6, 3).fill(COLOR.hairline);
    if (share > 0) page.roundedRect(BAR.x, y + 2, Math.max(BAR.width * share, 6), 6, 3).fill(COLOR.accent);
    page.fillColor(COLOR.muted).text(quantity, QUANTITY.x, y, figures(QUANTITY.width));
    page.fillColor(COLOR.ink).text(amount, AMOUNT.x, y, figures(AMOUNT.width));
    y += ROW_HEIGHT;
  }
  if (rest) {
    page.fontSize(8.5).fillColor(COLOR.muted).text(`and ${rest.count} more`, LEFT, y, { width: 205 });
    page.text(rest.amount, AMOUNT.x, y, figures(AMOUNT.width));
    y += ROW_HEIGHT;
  }
  return y;
}
