import type { DocumentLine, InvoiceDocument } from './document.ts';
import { BOTTOM, COLOR, FONT, figures, hairline, LEFT, type Page, RIGHT } from './pdf-page.ts';

const COLUMN = {
  description: { x: LEFT, width: 215 },
  quantity: { x: 270, width: 110 },
  unitPrice: { x: 385, width: 72 },
  amount: { x: 460, width: RIGHT - 460 },
} as const;

/** The table of lines; the heading comes again on each page. Returns where it ends. */
export function drawLines(page: Page, document: InvoiceDocument, top: number): number {
  const { lines } = document;
  let y = drawHeading(page, document, top);
  if (lines.length === 0) {
    page
      .font(FONT.regular)
      .fontSize(9.5)
      .fillColor(COLOR.muted)
      .text('Nothing was used.', LEFT, y + 6);
    return page.y + 10;
  }
  for (const line of lines) {
    const height = heightOf(page, line);
    if (y + height > BOTTOM) {
      page.addPage();
      y = drawHeading(page, document, 60);
    }
    drawLine(page, line, y);
    y += height;
    hairline(page, y);
  }
  return y;
}

function drawHeading(page: Page, { columns, currency }: InvoiceDocument, y: number): number {
  const { quantity, unitPrice, amount } = columns ?? {
    quantity: 'Quantity',
    unitPrice: 'Unit price',
    amount: 'Amount',
  };
  page.font(FONT.regular).fontSize(7.5).fillColor(COLOR.muted);
  const right = { align: 'right', characterSpacing: 0.4 } as const;
  page.text('DESCRIPTION', COLUMN.description.x, y, { characterSpacing: 0.4 });
  page.text(quantity.toUpperCase(), COLUMN.quantity.x, y, { width: COLUMN.quantity.width, ...right });
  page.text(unitPrice.toUpperCase(), COLUMN.unitPrice.x, y, { width: COLUMN.unitPrice.width, ...right });
  page.text(`${amount.toUpperCase()}, ${currency}`, COLUMN.amount.x, y, { width: COLUMN.amount.width, ...right });
  hairline(page, y + 14);
  return y + 14;
}

function heightOf(page: Page, { description, evidence }: DocumentLine): number {
  const main = page.font(FONT.bold).fontSize(9.5).heightOfString(description, { width: COLUMN.description.width });
  const small = evidence === '' ? 0 : page.font(FONT.regular).fontSize(6.5).heightOfString(evidence, { width: 330 });
  return main + small + 17;
}

function drawLine(page: Page, line: DocumentLine, top: number): void {
  const y = top + 7;
  page.font(FONT.regular).fontSize(9.5).fillColor(COLOR.ink);
  page.text(line.quantity, COLUMN.quantity.x, y, figures(COLUMN.quantity.width));
  page.text(line.unitPrice, COLUMN.unitPrice.x, y, figures(COLUMN.unitPrice.width));
  page.font(FONT.bold).text(line.amount, COLUMN.amount.x, y, figures(COLUMN.amount.width));
  page.text(line.description, COLUMN.description.x, y, { width: COLUMN.description.width });
  page
    .font(FONT.regular)
    .fontSize(6.5)
    .fillColor(COLOR.muted)
    .text(line.evidence, COLUMN.description.x, page.y + 2, { width: 330 });
}
