import { formsOf } from './encoded-forms';
import type { InstallationKeys } from './installation-key';
import { PercentMasker } from './percent-masker';
import { Masker } from './masker';
import { RememberedValues } from './remembered-values';

/** In bytes. Larger secrets are not remembered: they are masked only while this worker runs. */
const largestRemembered = 64 * 1024;

/** Masks every secret that this worker, or an earlier one with the same data folder, has read. */
export class Masks {
  private readonly forms = new Set<string>();
  /** Values, each byte as one character. */
  private readonly known = new Set<string>();
  private readonly remembered: RememberedValues;
  private masker = new Masker([]);
  private percentMasker = new PercentMasker([]);
  private isStale = false;

  constructor(dataDir: string, keys: InstallationKeys) {
    this.remembered = new RememberedValues(dataDir, keys);
  }

  learn(value: Uint8Array): void {
    if (!this.hide(value)) return;
    if (value.length <= largestRemembered) this.remembered.add(value);
  }

  mask(text: string): string {
    for (const value of this.remembered.fresh()) this.hide(value);
    if (this.isStale) this.renew();
    return this.percentMasker.mask(this.masker.mask(text));
  }

  private renew(): void {
    this.masker = new Masker(this.forms);
    this.percentMasker = new PercentMasker(this.known);
    this.isStale = false;
  }

  /** False if it is already known. */
  private hide(value: Uint8Array): boolean {
    const known = this.known.size;
    this.known.add(Buffer.from(value).toString('latin1'));
    if (this.known.size === known) return false;
    for (const form of formsOf(value)) this.forms.add(form);
    this.isStale = true;
    return true;
  }
}
