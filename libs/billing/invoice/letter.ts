import type { InvoiceEvent } from '#billing/api';
import { isoDay, localDay } from '#billing/rating';
import { money } from './document.ts';

/** What a letter tells about. */
export interface LetterFacts {
  readonly seller: string;
  readonly customer: string;
  readonly zone: string;
  /** Of the invoice, or of the credit note. */
  readonly number: string;
  readonly month: string;
  readonly currency: string;
  /** Minor units: of the document, and what is still to be paid. */
  readonly total: bigint;
  readonly due: bigint;
  /** Milliseconds. */
  readonly dueAt: number;
  /** Whether it is charged by itself. */
  readonly isCharged: boolean;
  /** When not paying ends in suspension; `null` when it never does. */
  readonly suspensionAt: number | null;
}

export interface Letter {
  readonly subject: string;
  readonly text: string;
}

/** The letter of an event with a document; `undefined` for events nobody is written to about, or that a notice is written about. */
export function letterOf(event: InvoiceEvent, facts: LetterFacts): Letter | undefined {
  const { number, month, seller } = facts;
  const due = `${money(facts.due, facts.currency)} ${facts.currency}`;
  const day = (instant: number): string => isoDay(localDay(instant, facts.zone));
  const written = writing(facts.customer, seller);
  switch (event.type) {
    case 'invoice.finalized':
      return written(
        `Invoice ${number} for ${month}`,
        `your invoice ${number} for ${month} is attached. Every line of it leads to what is behind it.`,
        payment(facts, due, day(facts.dueAt)),
      );
    case 'creditNote.issued':
      return written(
        `Credit note ${number}`,
        `your credit note ${number} over ${money(facts.total, facts.currency)} ${facts.currency} is attached. What was still owed is forgiven first; the rest is in your wallet and pays the next invoice.`,
      );
    case 'dunning.reminder':
      return reminder(event.step, facts, due, day, written);
    case 'partner.suspended':
      return written(
        `Service suspended: invoice ${number} is unpaid`,
        `invoice ${number} over ${due} has not been paid. From now on your users cannot sign in or send. Their mail is still received, and nothing is deleted.`,
        'Everything works again as soon as the invoice is paid.',
      );
    case 'partner.restored':
      return written(
        'Service restored: thank you',
        `thank you for your payment. Your users can sign in and send again; all mail received meanwhile is there.`,
      );
    default:
      return undefined;
  }
}

/** How a letter of ours begins and ends. */
export const writing =
  (customer: string, seller: string) =>
  (subject: string, ...paragraphs: (string | null)[]): Letter => ({
    subject,
    text: [`Dear ${customer},`, ...paragraphs.filter((text) => text !== null), `Kind regards\n${seller}`, ''].join(
      '\n\n',
    ),
  });

function payment({ due, isCharged, number }: LetterFacts, amount: string, day: string): string {
  if (due === 0n) return 'It is paid already. There is nothing for you to do.';
  return isCharged
    ? `${amount} will be charged to your saved payment method. There is nothing for you to do.`
    : `Please pay ${amount} by ${day} and name ${number}.`;
}

function reminder(
  step: number,
  { number, dueAt, isCharged, suspensionAt }: LetterFacts,
  due: string,
  day: (instant: number) => string,
  written: (subject: string, ...paragraphs: (string | null)[]) => Letter,
): Letter {
  const charged = isCharged
    ? 'We have tried to charge your saved payment method; please see that it can be charged.'
    : null;
  const consequence =
    suspensionAt === null
      ? null
      : `If it is not paid by ${day(suspensionAt)}, sign-in and sending will be suspended. Mail will still be received, and nothing will be deleted.`;
  if (step <= 1)
    return written(
      `Reminder: invoice ${number}`,
      `invoice ${number} over ${due} was due on ${day(dueAt)}. If you have paid it meanwhile, please take this as settled.`,
      charged,
    );
  return written(
    step <= 3 ? `Second reminder: invoice ${number}` : `Last reminder: invoice ${number}`,
    `invoice ${number} over ${due} was due on ${day(dueAt)} and is still unpaid. Please pay it now.`,
    charged,
    consequence,
  );
}
