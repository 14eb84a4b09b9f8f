import type { Breakdown, InvoiceDocument } from './document.ts';
import { BOTTOM, COLOR, FONT, figures, LEFT, type Page, RIGHT, WIDTH } from './pdf-page.ts';

const ROW_HEIGHT = 15;
const BAR = { x: 265, width: 120 } as const;
const QUANTITY = { x: 390, width: 80 } as const;
const AMOUNT = { x: 475, width: RIGHT - 475 } as const;
const CHART = { height: 40, below: 20 } as const;
const HEAD = 34;

/** On pages of its own: how use went day by day, and who used what, the largest first, each with its exact share of the line. */
export function drawBreakdowns(page: Page, { breakdowns }: InvoiceDocument): void {
  page.addPage();
  page.font(FONT.bold).fontSize(15).fillColor(COLOR.ink).text('Behind the lines', LEFT, 56);
  page
    .font(FONT.regular)
    .fontSize(9)
    .fillColor(COLOR.muted)
    .text(
      'What was used day by day, and what each resource had in a line. The shares add up to it to the cent.',
      LEFT,
      page.y + 2,
    );
  let y = page.y + 18;
  for (const breakdown of breakdowns) {
    if (y + Math.min(heightOf(breakdown), 220) > BOTTOM) {
      page.addPage();
      y = 60;
    }
    y = drawBreakdown(page, breakdown, y) + 22;
  }
}

const heightOf = ({ rows, rest, days = [] }: Breakdown): number =>
  HEAD + (days.length > 0 ? CHART.height + CHART.below : 0) + (rows.length + (rest ? 1 : 0)) * ROW_HEIGHT;

function drawBreakdown(page: Page, { title, unit, rows, rest, days = [], evidence }: Breakdown, top: number): number {
  page.font(FONT.bold).fontSize(10).fillColor(COLOR.ink).text(title, LEFT, top, { continued: true });
  page.font(FONT.regular).fillColor(COLOR.muted).text(`  ${unit}`);
  if (evidence) page.fontSize(6.5).text(evidence, LEFT, top + 14, { width: WIDTH, height: 9, ellipsis: true });
  let y = top + HEAD - 6;
  if (days.length > 0) y = drawDays(page, days, y);
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

/** A bar for each local date, the highest named; dates under every seventh. Returns where it ends. */
function drawDays(page: Page, days: readonly number[], top: number): number {
  const most = Math.max(...days);
  const floor = top + CHART.height;
  const step = (WIDTH - 44) / days.length;
  page.font(FONT.regular).fontSize(6.5).fillColor(COLOR.muted);
  page.text(compact(most), RIGHT - 40, top - 2, figures(40));
  page.text('0', RIGHT - 40, floor - 7, figures(40));
  page
    .moveTo(LEFT, top)
    .lineTo(RIGHT - 44, top)
    .moveTo(LEFT, floor)
    .lineTo(RIGHT - 44, floor)
    .lineWidth(0.5)
    .strokeColor(COLOR.hairline)
    .stroke();
  for (const [index, value] of days.entries()) {
    const height = most > 0 ? (CHART.height * value) / most : 0;
    const x = LEFT + index * step;
    if (height > 0) page.rect(x + 1, floor - height, step - 2, height).fill(COLOR.chart);
    if (index % 7 === 0)
      page
        .fillColor(COLOR.muted)
        .text(String(index + 1), x, floor + 3, { width: step, align: 'center', lineBreak: false });
  }
  return floor + CHART.below;
}

/** `1234567` → `1.23 M`: how high the highest bar is. */
function compact(value: number): string {
  for (const [size, letter] of [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ] as const)
    if (value >= size) return `${Number((value / size).toPrecision(3))}${letter}`;
  return String(Number(value.toPrecision(3)));
}
