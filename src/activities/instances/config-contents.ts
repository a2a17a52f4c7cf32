import { Context } from '@temporalio/activity';
import type { InstanceByReference, InstanceSpec } from '../../model/instance';
import { RuntimeError } from '../../runtimes/runtime';
import type { TemporalGateway } from '../dependencies';
import { SoftwareFault } from '../failures';

type Configs = Readonly<Record<string, { content: string }>>;

/** Deployments whose configs a worker remembers: together at most 64 MiB, as a stack has at most 8 MiB. */
const remembered = 8;

/**
 * The contents of configs that an instance only names. They are read from the start of the deployment's own workflow,
 * once a deployment and worker: any worker can do that at any time, also one that was just started on another host.
 */
export class ConfigContents {
  private readonly known = new Map<string, Promise<Configs>>();

  constructor(private readonly directory: Pick<TemporalGateway, 'configs'>) {}

  /**
   * The instance with the contents of all its files; to be called inside an activity.
   * @throws RuntimeError where Temporal does not answer; the deployment tries again
   * @throws SoftwareFault where its deployment has no such config
   */
  async complete(instance: InstanceByReference): Promise<InstanceSpec> {
    const configs = instance.files.some((file) => 'config' in file) ? await this.configsOfDeployment() : {};
    return {
      ...instance,
      files: instance.files.map((file) => {
        if (!('config' in file)) return file;
        const { config, ...target } = file;
        if (!Object.hasOwn(configs, config))
          throw new SoftwareFault(`the deployment has no config "${config}", which ${instance.name} needs`);
        return { ...target, content: configs[config]!.content };
      }),
    };
  }

  private configsOfDeployment(): Promise<Configs> {
    const { workflowId, runId } = Context.current().info.workflowExecution!;
    const found = this.known.get(runId) ?? this.read(workflowId, runId);
    this.known.delete(runId);
    this.known.set(runId, found);
    for (const oldest of this.known.keys()) if (this.known.size > remembered) this.known.delete(oldest);
    return found;
  }

  private read(workflowId: string, runId: string): Promise<Configs> {
    const reading = this.directory.configs(workflowId, runId).catch((error: Error) => {
      this.known.delete(runId);
      throw new RuntimeError(
        'platform',
        `the configs of the deployment cannot be read from Temporal: ${error.message}`,
      );
    });
    return reading;
  }
}
