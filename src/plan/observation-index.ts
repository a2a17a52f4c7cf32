import {
  earlierPrefix,
  unmaskedPrefix,
  type Observation,
  type ObservedImage,
  type ObservedInstance,
} from '../model/observation';

/** An observation, indexed for lookups by the planner: a stack can have thousands of services. */
export class ObservationIndex {
  private readonly byService = new Map<string, ObservedInstance[]>();
  private readonly images: Map<string, ObservedImage>;

  constructor(readonly observation: Observation) {
    this.images = new Map(observation.images.map((image) => [image.reference, image]));
    for (const instance of observation.instances) {
      const others = this.byService.get(instance.service);
      if (others) others.push(instance);
      else this.byService.set(instance.service, [instance]);
    }
  }

  instancesOf(service: string): ObservedInstance[] {
    return this.byService.get(service) ?? [];
  }

  /** Content address of an image on the host; empty if it is not there yet. */
  imageId(reference: string): string {
    return this.images.get(reference)?.id ?? '';
  }

  /** Paths at which an image declares anonymous volumes. */
  imageVolumes(reference: string): string[] {
    return this.images.get(reference)?.volumes ?? [];
  }

  secret(name: string): string | undefined {
    return this.observation.secrets[name];
  }

  /** The fingerprint of a secret as version 0.1 computed it; undefined if unknown. */
  earlierSecret(name: string): string | undefined {
    return this.observation.secrets[`${earlierPrefix}${name}`];
  }

  /** Secrets that cannot be masked, with their names and whether they are empty (or just too short). */
  unmaskedSecrets(): { name: string; isEmpty: boolean }[] {
    return Object.entries(this.observation.secrets).flatMap(([key, kind]) =>
      key.startsWith(unmaskedPrefix) ? [{ name: key.slice(unmaskedPrefix.length), isEmpty: kind === 'empty' }] : [],
    );
  }

  /** The same index, with the fingerprints of secrets as version 0.1 computed them. */
  asEarlier(): Pick<ObservationIndex, 'secret' | 'imageId'> {
    return {
      secret: (name) => this.earlierSecret(name) ?? this.secret(name),
      imageId: (reference) => this.imageId(reference),
    };
  }
}
