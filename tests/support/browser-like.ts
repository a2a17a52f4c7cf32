import type { FastifyInstance } from 'fastify';
import { formHeaders, formOf, host } from './people';

export interface Seen {
  status: number;
  body: string;
  /** Where the answer leads to. */
  to?: string;
}

/** A browser without a screen: keeps cookies, and sends the forms of pages. */
export class BrowserLike {
  readonly cookies = new Map<string, string>();
  private token = '';

  constructor(
    private readonly app: FastifyInstance,
    readonly address = '192.0.2.10',
  ) {}

  async open(url: string): Promise<Seen> {
    return this.see(
      await this.app.inject({ url, remoteAddress: this.address, headers: { host, cookie: this.cookie } }),
    );
  }

  /** Sends a form of the last page that had one, with these fields. */
  async send(url: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Seen> {
    const payload = new URLSearchParams({ form_token: this.token, ...fields }).toString();
    return this.see(
      await this.app.inject({
        method: 'POST',
        url,
        remoteAddress: this.address,
        headers: { ...formHeaders, cookie: this.cookie, ...headers },
        payload,
      }),
    );
  }

  private get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private see({ statusCode, body, headers }: Awaited<ReturnType<FastifyInstance['inject']>>): Seen {
    for (const line of [headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === '') this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    this.token = formOf(body).form_token ?? this.token;
    return { status: statusCode, body, ...(headers.location !== undefined && { to: headers.location }) };
  }
}
