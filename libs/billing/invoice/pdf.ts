import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import PDFDocument from 'pdfkit';
import type { InvoiceDocument } from './document.ts';
import { embedFacturX } from './factur-x.ts';
import { drawBreakdowns } from './pdf-breakdown.ts';
import { drawLines } from './pdf-lines.ts';
import { BOTTOM, COLOR, FONT, figures, LEFT, PAGE_HEIGHT, type Page, RIGHT, WIDTH } from './pdf-page.ts';

const fonts = new Map<string, Buffer>();

/** Read once: PDF/A embeds what is used of it. */
function font(style: '400Regular' | '600SemiBold'): Buffer {
  let bytes = fonts.get(style);
  if (!bytes) {
    bytes = readFileSync(fileURLToPath(import.meta.resolve(`@expo-google-fonts/inter/${style}/Inter_${style}.ttf`)));
    fonts.set(style, bytes);
  }
  return bytes;
}

/** An invoice as PDF/A-3b, A4; with its XML inside, it is a Factur-X invoice. The same document gives the same bytes. */
export async function renderPdf(document: InvoiceDocument, facturX?: string): Promise<Buffer> {
  const issued = new Date(document.issuedAt);
  const page = new PDFDocument({
    size: 'A4',
    margins: { top: 56, left: LEFT, right: PAGE_WIDTH - RIGHT, bottom: 0 },
    subset: 'PDF/A-3b',
    pdfVersion: '1.7',
    tagged: true,
    lang: 'en',
    displayTitle: true,
    bufferPages: true,
    info: {
      Title: `${document.title}, ${document.customer.name}`,
      Author: document.seller.name,
      CreationDate: issued,
      ModDate: issued,
    },
  });
  page.registerFont(FONT.regular, font('400Regular'));
  page.registerFont(FONT.bold, font('600SemiBold'));
  const chunks: Buffer[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    page.on('data', (chunk: Buffer) => chunks.push(chunk));
    page.once('end', resolve);
    page.once('error', reject);
  });
  if (facturX !== undefined) embedFacturX(page, facturX, issued);
  let y = drawHead(page, document);
  y = drawLines(page, document, y);
  y = drawTotals(page, document, y);
  drawNotes(page, document, y);
  if (document.breakdowns.length > 0) drawBreakdowns(page, document);
  drawFeet(page, document);
  page.end();
  await finished;
  return Buffer.concat(chunks);
}

const PAGE_WIDTH = 595.28;

function drawHead(page: Page, { title, notice, seller, customer, facts }: InvoiceDocument): number {
  page.rect(0, 0, PAGE_WIDTH, 6).fill(COLOR.accent);
  page.font(FONT.bold).fontSize(13).fillColor(COLOR.accent).text(seller.name, LEFT, 44);
  page.font(FONT.regular).fontSize(8.5).fillColor(COLOR.muted);
  for (const line of seller.address) page.text(line, LEFT);
  const below = Math.max(88, page.y + 16);
  page.font(FONT.bold).fontSize(24).fillColor(COLOR.ink).text(title, LEFT, below, { width: WIDTH });
  let y = page.y + 2;
  if (notice) {
    page.font(FONT.regular).fontSize(9).fillColor(COLOR.muted).text(notice, LEFT, y, { width: WIDTH });
    y = page.y;
  }
  y += 20;
  page.font(FONT.regular).fontSize(7.5).fillColor(COLOR.muted).text('FOR', LEFT, y, { characterSpacing: 0.6 });
  page
    .font(FONT.bold)
    .fontSize(11)
    .fillColor(COLOR.ink)
    .text(customer.name, LEFT, y + 13, { width: 220 });
  page.font(FONT.regular).fontSize(9).fillColor(COLOR.muted);
  for (const line of customer.address) page.text(line, LEFT, page.y + 1, { width: 220 });
  const left = page.y;
  let right = y;
  for (const [label, value] of facts) {
    page.font(FONT.regular).fontSize(8.5).fillColor(COLOR.muted).text(label, 330, right, { width: 80 });
    page.fillColor(COLOR.ink).text(value, 415, right, { width: RIGHT - 415, align: 'right' });
    right = page.y + 3;
  }
  return Math.max(left, right) + 24;
}

function drawTotals(page: Page, { totals }: InvoiceDocument, top: number): number {
  const height = totals.length * 16 + 24;
  let y = top + 10;
  if (y + height > BOTTOM) {
    page.addPage();
    y = 60;
  }
  for (const [index, [label, amount]] of totals.entries()) {
    const last = index === totals.length - 1;
    if (last) {
      page
        .moveTo(330, y + 2)
        .lineTo(RIGHT, y + 2)
        .lineWidth(1.2)
        .strokeColor(COLOR.accent)
        .stroke();
      y += 10;
    }
    page
      .font(last ? FONT.bold : FONT.regular)
      .fontSize(last ? 13 : 9.5)
      .fillColor(last ? COLOR.ink : COLOR.muted)
      .text(label, 330, y, { width: 90 });
    page.fillColor(COLOR.ink).text(amount, 400, y, figures(RIGHT - 400));
    y += last ? 24 : 16;
  }
  return y;
}

function drawNotes(page: Page, { notes }: InvoiceDocument, top: number): void {
  page.font(FONT.regular).fontSize(8.5).fillColor(COLOR.muted);
  let y = top + 12;
  for (const note of notes) {
    page.text(note, LEFT, y, { width: WIDTH });
    y = page.y + 4;
  }
}

function drawFeet(page: Page, { title, customer }: InvoiceDocument): void {
  const { start, count } = page.bufferedPageRange();
  for (let index = 0; index < count; index++) {
    page.switchToPage(start + index);
    page.font(FONT.regular).fontSize(7.5).fillColor(COLOR.muted);
    page.text(`${title} for ${customer.name}`, LEFT, PAGE_HEIGHT - 38, { width: 350, lineBreak: false });
    page.text(`${index + 1} / ${count}`, RIGHT - 100, PAGE_HEIGHT - 38, {
      width: 100,
      align: 'right',
      lineBreak: false,
    });
  }
}
