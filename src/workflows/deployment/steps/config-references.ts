import type { InstanceByReference, InstanceSpec } from '../../../model/instance';
import type { Stack } from '../../../model/stack';

/** Shorter contents are sent with the instance: a lookup would take longer. */
const inlineBelow = 2000;

/**
 * Refers to the configs of a stack by name instead of repeating their contents. The history has the contents once, in
 * the input of the deployment, where activities read them (`src/activities/instances/config-contents.ts`).
 */
export class ConfigReferences {
  private readonly names: ReadonlyMap<string, string>;

  constructor(configs: Stack['configs']) {
    this.names = new Map(
      Object.entries(configs).flatMap(([name, { content }]) => (content.length < inlineBelow ? [] : [[content, name]])),
    );
  }

  /** An instance for the input of an activity. */
  of(instance: InstanceSpec): InstanceByReference {
    if (this.names.size === 0 || instance.files.length === 0) return instance;
    const files = instance.files.map(({ content, ...target }) => {
      const config = this.names.get(content);
      return config === undefined ? { ...target, content } : { ...target, config };
    });
    return { ...instance, files };
  }
}
