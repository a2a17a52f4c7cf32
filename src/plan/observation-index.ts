import {
  earlierPrefix,
  unmaskedPrefix,
  type Observation,
  type ObservedImage,
  type ObservedInstance,
} from '../model/observation';

/** What was observed, by what the planner asks for: a stack has a thousand services, and each is asked about. */
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

  /** Content address of an image on the host; empty where it is not there yet. */
  imageId(reference: string): string {
    return this.images.get(reference)?.id ?? '';
  }

  /** Paths for which an image makes volumes of its own. */
  imageVolumes(reference: string): string[] {
    return this.images.get(reference)?.volumes ?? [];
  }

  secret(name: string): string | undefined {
    return this.observation.secrets[name];
  }

  /** The fingerprint that version 0.1 took of a secret; absent where it is of no use. */
  earlierSecret(name: string): string | undefined {
    return this.observation.secrets[`${earlierPrefix}${name}`];
  }

  /** Secrets that cannot be masked: their names, and whether they are empty or short. */
  unmaskedSecrets(): { name: string; isEmpty: boolean }[] {
    return Object.entries(this.observation.secrets).flatMap(([key, what]) =>
      key.startsWith(unmaskedPrefix) ? [{ name: key.slice(unmaskedPrefix.length), isEmpty: what === 'empty' }] : [],
    );
  }

  /** The same, with the secrets as version 0.1 counted them. */
  asEarlier(): Pick<ObservationIndex, 'secret' | 'imageId'> {
    return {
      secret: (name) => this.earlierSecret(name) ?? this.secret(name),
      imageId: (reference) => this.imageId(reference),
    };
  }
}
