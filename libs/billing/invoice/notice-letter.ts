import type { DisputeEvent, RefundEvent, SpendEvent } from '#billing/api';
import { money } from './document.ts';
import { type Letter, writing } from './letter.ts';

interface Sides {
  readonly seller: string;
  readonly customer: string;
}

/** What a letter about a disputed line says. */
export interface DisputeFacts extends Sides {
  readonly number: string;
  readonly line: string;
  readonly currency: string;
  /** Minor units with tax. */
  readonly gross: bigint;
  /** What was said last. */
  readonly text: string;
}

export interface RefundFacts extends Sides {
  readonly number: string;
  readonly noteNumber: string;
  readonly currency: string;
  readonly minor: bigint;
  readonly method: 'stripe' | 'wallet' | 'manual';
  readonly failure: string | null;
}

/** To the partner, or to support when the partner has the word. */
export function disputeLetter(event: DisputeEvent, facts: DisputeFacts): Letter | undefined {
  const { number, line, currency, gross, text } = facts;
  const amount = `${money(gross, currency)} ${currency}`;
  const toPartner = writing(facts.customer, facts.seller);
  const toSupport = writing(facts.seller, facts.customer);
  switch (event.type) {
    case 'dispute.opened':
      return toSupport(
        `Disputed: ${line} of invoice ${number}`,
        `we dispute ${amount} of invoice ${number}, ${line}:`,
        text,
      );
    case 'dispute.commented':
      return event.side === 'partner'
        ? toSupport(`Disputed: ${line} of invoice ${number}`, text)
        : toPartner(`Invoice ${number}: answer about ${line}`, text, 'You can answer where you opened the dispute.');
    case 'dispute.credited':
      return toPartner(
        `Invoice ${number}: ${line} is credited`,
        text,
        'The credit note comes with a letter of its own.',
      );
    case 'dispute.rejected':
      return toPartner(
        `Invoice ${number}: ${line} stands`,
        text,
        'The time the dispute took is added to the time you have for paying.',
      );
    case 'dispute.withdrawn':
      return undefined;
  }
}

export function refundLetter(event: RefundEvent, facts: RefundFacts): Letter | undefined {
  const { number, noteNumber, currency, minor, method, failure } = facts;
  const amount = `${money(minor, currency)} ${currency}`;
  const written = writing(facts.customer, facts.seller);
  switch (event.type) {
    case 'refund.requested':
      return undefined;
    case 'refund.succeeded':
      return written(
        `${amount} given back`,
        `${amount} of invoice ${number} (credit note ${noteNumber}) ${WAY[method]}.`,
      );
    case 'refund.failed':
      return written(
        `${amount} could not be given back`,
        `${amount} of invoice ${number} (credit note ${noteNumber}) could not be sent to where it came from: ${failure ?? 'no reason was given'}.`,
        'The amount is in your wallet and pays the next invoice. Please tell us if you would rather have it another way.',
      );
  }
}

const WAY: Readonly<Record<RefundFacts['method'], string>> = {
  stripe: 'is on its way to the card or account it was paid from; banks take up to ten days to show it',
  wallet: 'is in your wallet and pays the next invoice',
  manual: 'was sent to you by bank transfer',
};

export function spendLetter(event: SpendEvent, { seller, customer }: Sides): Letter {
  const { month, percent, cap, currency } = event;
  const [limit, spend] = [event.limitMinor, event.spendMinor].map(
    (minor) => `${money(BigInt(minor), currency)} ${currency}`,
  );
  const written = writing(customer, seller);
  const far = `${month} has come to ${spend} so far, before tax.`;
  if (event.type === 'spend.threshold')
    return written(
      percent === null ? `${month}: ${limit} reached` : `${month}: ${percent} % of your budget reached`,
      far,
      percent === null ? null : `${percent} % of your budget are ${limit}.`,
    );
  return written(
    `${month}: your cap of ${limit} is reached`,
    far,
    cap === 'hard'
      ? 'New mailboxes, domains, hubs and nodes are refused until you raise the cap or the month ends. Mail flows as before, and nothing is taken away.'
      : 'Nothing is refused: the cap only warns.',
  );
}
