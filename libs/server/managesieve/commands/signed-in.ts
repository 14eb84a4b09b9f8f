import { type ManageSieveCommand, ManageSieveRefusal } from '../command.ts';

/** Commands of before a sign-in, said after it (RFC 5804 §2.1, §2.2). */
const tooLate = (name: string, rfc: string): ManageSieveCommand => ({
  name,
  rfc,
  arguments: ['string', 'string'],
  optional: 2,
  run() {
    throw new ManageSieveRefusal(`${name} comes before the sign-in`);
  },
});

export const authenticate = tooLate('AUTHENTICATE', 'RFC 5804 §2.1');
export const starttls = tooLate('STARTTLS', 'RFC 5804 §2.2');
