import { Context } from '@temporalio/activity';
import type { InstanceByReference, InstanceSpec } from '../../model/instance';
import { RuntimeError } from '../../runtimes/runtime';
import type { TemporalGateway } from '../dependencies';
import { SoftwareFault } from '../failures';

type Configs = Readonly<Record<string, { content: string }>>;

/** Deployments whose configs a worker caches: at most 64 MiB in total, as a stack has at most 8 MiB. */
const mostCached = 8;

/**
 * Contents of configs that an instance references by name. They are read from the input of the deployment's workflow,
 * once per deployment and worker, so that any worker can serve them, even one that has just started.
 */
export class ConfigContents {
  private readonly cache = new Map<string, Promise<Configs>>();

  constructor(private readonly directory: Pick<TemporalGateway, 'configs'>) {}

  /**
   * The instance with the contents of all its files. Call it inside an activity.
   * @throws RuntimeError if Temporal does not answer; the deployment retries
   * @throws SoftwareFault if its deployment has no such config
   */
  async complete(instance: InstanceByReference): Promise<InstanceSpec> {
    const configs = instance.files.some((file) => 'config' in file) ? await this.configsOfDeployment() : {};
    return {
      ...instance,
      files: instance.files.map((file) => {
        if (!('config' in file)) return file;
        const { config, ...target } = file;
        if (!Object.hasOwn(configs, config))
          throw new SoftwareFault(`the deployment has no config "${config}" for ${instance.name}`);
        return { ...target, content: configs[config]!.content };
      }),
    };
  }

  private configsOfDeployment(): Promise<Configs> {
    const { workflowId, runId } = Context.current().info.workflowExecution!;
    const found = this.cache.get(runId) ?? this.read(workflowId, runId);
    this.cache.delete(runId);
    this.cache.set(runId, found);
    for (const oldest of this.cache.keys()) if (this.cache.size > mostCached) this.cache.delete(oldest);
    return found;
  }

  private read(workflowId: string, runId: string): Promise<Configs> {
    const reading = this.directory.configs(workflowId, runId).catch((error: Error) => {
      this.cache.delete(runId);
      throw new RuntimeError(
        'platform',
        `the configs of the deployment cannot be read from Temporal: ${error.message}`,
      );
    });
    return reading;
  }
}
