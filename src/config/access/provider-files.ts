import { X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { StackFileError } from '../problems';
import { readText } from '../read/source';
import type { Provider } from './config';
import type { AccessFile } from './schema';

type Declared = NonNullable<AccessFile['providers']>[string];

const pem = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const mostCertificates = 10;

/** Reads the files that the providers of an access file name, from its folder. */
export class ProviderFiles {
  readonly files: string[] = [];

  constructor(private readonly accessFile: string) {}

  /** @throws StackFileError if a file is missing, or does not contain what it should */
  withFiles(provider: Declared): Provider {
    if (provider.type === 'saml')
      return { ...provider, certificates: certificatesIn(...this.read(provider.certificate_file, 'certificate_file')) };
    if (provider.client_secret_file === undefined) return provider;
    return { ...provider, secret: secretIn(...this.read(provider.client_secret_file, 'client_secret_file')) };
  }

  private read(name: string, key: string): [file: string, text: string] {
    const file = resolve(dirname(this.accessFile), name);
    const text = readText(file, `${key} is read from the folder of the access file`);
    this.files.push(file);
    return [file, text];
  }
}

function secretIn(file: string, text: string): string {
  const secret = text.trim();
  if (secret !== '' && !/[\r\n]/.test(secret)) return secret;
  throw problemIn(file, 'must contain the secret of the client, in one line');
}

/** Those whose time is over too: a provider may go on with one, and would keep everybody out otherwise. */
function certificatesIn(file: string, text: string): string[] {
  const certificates = text.match(pem) ?? [];
  if (certificates.length === 0 || certificates.length > mostCertificates || !certificates.every(isCertificate))
    throw problemIn(file, `must contain 1 to ${mostCertificates} certificates in PEM, from BEGIN to END CERTIFICATE`);
  return certificates;
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).subject !== undefined;
  } catch {
    return false;
  }
}

function problemIn(file: string, message: string): StackFileError {
  return new StackFileError([{ file, path: '', message }]);
}
