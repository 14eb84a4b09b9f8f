import type { Breakdown, InvoiceDocument } from './document.ts';
import { escapeXml as text } from './xml.ts';

/** A document as a page that needs nothing else: no script, no font, no picture from elsewhere. It prints well, too. */
export function renderHtml(document: InvoiceDocument): string {
  const { title, notice, seller, customer, facts, lines, totals, notes, breakdowns, currency, columns } = document;
  const headings = columns ?? { quantity: 'Quantity', unitPrice: 'Unit price', amount: 'Amount' };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}, ${text(customer.name)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="seller">${text(seller.name)}</p>
<p class="muted">${seller.address.map(text).join('<br>')}</p>
<h1>${text(title)}</h1>
${notice ? `<p class="muted">${text(notice)}</p>` : ''}
</header>
<section class="sides">
<div><h2>For</h2><p><strong>${text(customer.name)}</strong><br>${customer.address.map(text).join('<br>')}</p></div>
<dl>${facts.map(([label, value]) => `<dt>${text(label)}</dt><dd>${text(value)}</dd>`).join('')}</dl>
</section>
<table>
<thead><tr><th scope="col">Description</th><th scope="col" class="n">${text(headings.quantity)}</th><th scope="col" class="n">${text(headings.unitPrice)}</th><th scope="col" class="n">${text(headings.amount)}, ${text(currency)}</th></tr></thead>
<tbody>
${lines
  .map(
    (line) =>
      `<tr><td>${text(line.description)}${line.evidence ? `<br><small>${text(line.evidence)}</small>` : ''}</td><td class="n">${text(line.quantity)}</td><td class="n">${text(line.unitPrice)}</td><td class="n">${text(line.amount)}</td></tr>`,
  )
  .join('\n')}
</tbody>
<tfoot>
${totals.map(([label, amount]) => `<tr><th scope="row" colspan="3">${text(label)}</th><td class="n">${text(amount)}</td></tr>`).join('\n')}
</tfoot>
</table>
${notes.map((note) => `<p class="muted">${text(note)}</p>`).join('\n')}
${breakdowns.map(breakdownHtml).join('\n')}
</main>
</body>
</html>
`;
}

function breakdownHtml({ title, unit, rows, rest, days = [], evidence }: Breakdown): string {
  return `<section>
<h2>${text(title)} <span class="muted">${text(unit)}</span></h2>
${evidence ? `<p class="muted"><small>${text(evidence)}</small></p>` : ''}
${days.length > 0 ? chart(title, days) : ''}
<table>
<tbody>
${rows.map((row) => `<tr><td>${text(row.name)}</td><td class="n">${text(row.quantity)}</td><td class="n">${text(row.amount)}</td></tr>`).join('\n')}
${rest ? `<tr class="muted"><td>and ${rest.count} more</td><td></td><td class="n">${text(rest.amount)}</td></tr>` : ''}
</tbody>
</table>
</section>`;
}

function chart(title: string, days: readonly number[]): string {
  const most = Math.max(...days, Number.MIN_VALUE);
  const width = 620 / days.length;
  const bars = days.map((value, index) => {
    const height = (60 * value) / most;
    return `<rect x="${(index * width).toFixed(1)}" y="${(60 - height).toFixed(1)}" width="${(width - 2).toFixed(1)}" height="${height.toFixed(1)}"/>`;
  });
  return `<svg viewBox="0 0 620 62" role="img" aria-label="${text(title)}, day by day">${bars.join('')}</svg>`;
}

const STYLE = `
:root{color-scheme:light;--ink:#1d2733;--muted:#5b6773;--line:#dfe4e8;--accent:#1f5f5b}
body{margin:0;background:#f3f5f6;color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-width:760px;margin:2rem auto;background:#fff;padding:2.5rem;border-top:6px solid var(--accent)}
h1{font-size:1.7rem;margin:1rem 0 .3rem}h2{font-size:1rem;margin:1.8rem 0 .4rem}
.seller{font-weight:600;color:var(--accent);margin:0}.muted,small{color:var(--muted);font-weight:400}
.sides{display:flex;justify-content:space-between;gap:2rem;flex-wrap:wrap}
dl{display:grid;grid-template-columns:auto auto;gap:.2rem 1.2rem;margin:1.8rem 0}dt{color:var(--muted)}dd{margin:0;text-align:right}
table{width:100%;border-collapse:collapse;margin:.6rem 0}td,th{padding:.45rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{font-size:.75rem;color:var(--muted);font-weight:400;text-transform:uppercase;letter-spacing:.03em}
tfoot th{font-weight:400;text-align:right;padding-right:1.5rem}tfoot tr:last-child *{font-weight:700;font-size:1.1rem;border:0}
.n{text-align:right!important;font-variant-numeric:tabular-nums;white-space:nowrap;padding-left:1rem}
small{overflow-wrap:anywhere}svg{width:100%;height:auto;fill:var(--accent)}
@media print{body{background:#fff}main{margin:0;max-width:none;padding:0}section{break-inside:avoid}}`;
