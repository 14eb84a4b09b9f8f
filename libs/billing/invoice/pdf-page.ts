/** The sheet all parts of the document draw on: A4 in points. */
export type Page = PDFKit.PDFDocument;

export const PAGE_HEIGHT = 841.89;
export const LEFT = 50;
export const RIGHT = 545;
export const WIDTH = RIGHT - LEFT;
/** Nothing of the content goes below. */
export const BOTTOM = PAGE_HEIGHT - 60;

export const FONT = { regular: 'regular', bold: 'bold' } as const;
export const COLOR = {
  ink: '#1d2733',
  muted: '#66727f',
  hairline: '#dfe4e8',
  accent: '#1f5f5b',
  tint: '#cfe3e0',
  chart: '#7fb0aa',
} as const;

/** Figures under each other: right-aligned, all digits of one width. */
export const figures = (width: number): PDFKit.Mixins.TextOptions => ({ width, align: 'right', features: ['tnum'] });

export function hairline(page: Page, y: number): void {
  page.moveTo(LEFT, y).lineTo(RIGHT, y).lineWidth(0.5).strokeColor(COLOR.hairline).stroke();
}
