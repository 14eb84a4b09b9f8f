import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** The client's side of SCRAM-SHA-256, RFC 5802 §3 and RFC 7677; its own code, so that a server's mistakes are not its own. */
export class ScramTestClient {
  private readonly bare: string;
  private expected = '';

  /** `binding` asks for the -PLUS form; `told` is the gs2 flag of one that does not: was -PLUS offered to it? */
  constructor(
    username: string,
    private readonly password: string,
    private readonly binding: { readonly name: string; readonly data: Buffer } | undefined = undefined,
    private readonly told: 'n' | 'y' = 'n',
  ) {
    this.bare = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=fyko+d2lbbFgONRv9qkxdawL`;
  }

  private get header(): string {
    return this.binding ? `p=${this.binding.name},,` : `${this.told},,`;
  }

  first(): Buffer {
    return Buffer.from(this.header + this.bare);
  }

  final(serverFirst: Buffer): Buffer {
    const text = serverFirst.toString();
    const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(text) ?? [];
    const salted = pbkdf2Sync(this.password, Buffer.from(salt ?? '', 'base64'), Number(iterations), 32, 'sha256');
    const bound = Buffer.concat([Buffer.from(this.header), this.binding?.data ?? Buffer.alloc(0)]).toString('base64');
    const withoutProof = `c=${bound},r=${nonce}`;
    const signed = `${this.bare},${text},${withoutProof}`;
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), signed);
    this.expected = `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`;
    return Buffer.from(
      `${withoutProof},p=${Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64')}`,
    );
  }

  /** Whether the server knows the password too. */
  isProvenBy(serverFinal: Buffer): boolean {
    return serverFinal.toString() === this.expected;
  }
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
