import { refuse } from '#protocol/smtp';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** One SASL mechanism over AUTH: `ask` sends a challenge and gives the base64 response; `initial` came with the command. */
export type Exchange = (
  ask: (challenge: string) => Promise<string>,
  initial: string | undefined,
) => Promise<Credentials>;

/** RFC 4954 §4: base64, or `=` for an empty initial response. Throws 501 5.5.2. */
function decode(text: string): string {
  if (text === '=') return '';
  const padded = /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0;
  if (!padded) refuse(501, '5.5.2', 'Not base64');
  return Buffer.from(text, 'base64').toString('utf8');
}

/** RFC 4616 §2. */
const plain: Exchange = async (ask, initial) => {
  const [authorization = '', username = '', password = '', ...more] = decode(initial ?? (await ask(''))).split('\0');
  if (username === '' || password === '' || more.length > 0) refuse(501, '5.5.2', 'Malformed PLAIN response');
  if (authorization !== '' && authorization.toLowerCase() !== username.toLowerCase())
    refuse(535, '5.7.8', 'Authorization identity differs from the authentication identity');
  return { username, password };
};

/** draft-murchison-sasl-login: what Outlook still speaks. */
const login: Exchange = async (ask, initial) => {
  const username = decode(initial ?? (await ask('Username:')));
  const password = decode(await ask('Password:'));
  if (username === '' || password === '') refuse(501, '5.5.2', 'Malformed LOGIN response');
  return { username, password };
};

export const exchanges: Readonly<Record<string, Exchange>> = { PLAIN: plain, LOGIN: login };
