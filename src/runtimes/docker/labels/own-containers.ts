import type { ContainerInspectInfo } from 'dockerode';
import { RuntimeError, type Scope } from '../../runtime';
import { missing } from '../../scope';
import type { DockerConnection } from '../api/connection';
import { dockerOr } from '../api/errors';
import { isOwn } from './ownership';

/** Ids that a driver caches, for all environments together. */
const mostRemembered = 20_000;

/** Ids by environment and name, shared by all scopes of one engine. */
export type RememberedIds = Map<string, string>;

/**
 * The containers of one environment, by name; the driver reaches containers only through this class. Anybody can use a
 * name, so the labels decide. The result is cached by id, which Docker never reuses.
 */
export class OwnContainers {
  constructor(
    private readonly connection: DockerConnection,
    readonly scope: Scope,
    private readonly remembered: RememberedIds,
  ) {}

  /** Inspects a container; undefined if this environment has none with the name. */
  async inspect(name: string): Promise<ContainerInspectInfo | undefined> {
    const found = await this.inspectAnybodys(name);
    if (!found || !isOwn(this.scope, found.Config.Labels, found.Name)) return undefined;
    this.remember(name, found.Id);
    return found;
  }

  /** Inspects a container of any owner, to report who has taken a name. */
  async inspectAnybodys(name: string): Promise<ContainerInspectInfo | undefined> {
    return dockerOr([404], undefined, () => this.connection.docker.getContainer(name).inspect());
  }

  /** Caches the id of a container that this environment has just created. */
  remember(name: string, id: string): void {
    if (this.remembered.size >= mostRemembered) this.remembered.clear();
    this.remembered.set(this.keyOf(name), id);
  }

  /**
   * Runs an operation on a container by its id.
   * @throws RuntimeError of kind `missing` if this environment has no container with the name
   */
  async use<T>(name: string, operation: (id: string) => Promise<T>): Promise<T> {
    const remembered = this.remembered.get(this.keyOf(name));
    if (remembered === undefined) return operation(await this.find(name));
    try {
      return await operation(remembered);
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.remembered.delete(this.keyOf(name));
      const id = await this.find(name);
      if (id === remembered) throw error;
      return operation(id);
    }
  }

  /** The same, but does nothing if there is no such container. */
  async useIfThere(name: string, operation: (id: string) => Promise<void>): Promise<void> {
    await this.use(name, operation).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }

  private async find(name: string): Promise<string> {
    const found = await this.inspect(name);
    if (!found) throw missing('instance', name, this.scope);
    return found.Id;
  }

  private keyOf(name: string): string {
    return `${this.scope.stack}/${this.scope.environment}/${name}`;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof RuntimeError && error.kind === 'missing';
}
