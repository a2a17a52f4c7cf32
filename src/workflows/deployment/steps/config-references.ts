import type { InstanceByReference, InstanceSpec } from '../../../model/instance';
import type { Stack } from '../../../model/stack';

/** Shorter contents travel with the instance: looking them up would take longer. */
const inlineBelow = 2000;

/**
 * Names the configs of a stack instead of repeating their contents: these are in the history once, with the start of
 * the deployment, where the activities read them (`src/activities/instances/config-contents.ts`).
 */
export class ConfigReferences {
  private readonly names: ReadonlyMap<string, string>;

  constructor(configs: Stack['configs']) {
    this.names = new Map(
      Object.entries(configs).flatMap(([name, { content }]) => (content.length < inlineBelow ? [] : [[content, name]])),
    );
  }

  /** An instance as it is told to an activity. */
  of(instance: InstanceSpec): InstanceByReference {
    if (this.names.size === 0 || instance.files.length === 0) return instance;
    const files = instance.files.map(({ content, ...target }) => {
      const config = this.names.get(content);
      return config === undefined ? { ...target, content } : { ...target, config };
    });
    return { ...instance, files };
  }
}
