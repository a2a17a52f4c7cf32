import Docker from 'dockerode';
import { isName, type NameKind } from '../../../model/names';
import { RuntimeError } from '../../runtime';
import { guardModem, type ModemLimits } from './modem';

/**
 * A Docker client that validates names, and keeps what it sends out of addresses. The library puts names into paths
 * unescaped, so that `../networks/x?` would reach another endpoint, and `//host/` another machine; and it repeats the
 * body of a request in its address, secrets included, which engines and proxies may log.
 */
export class Engine extends Docker {
  constructor(options?: Docker.DockerOptions, limits?: Partial<ModemLimits>) {
    super(options);
    guardModem(this.modem, limits);
  }

  override createContainer({ name, platform, ...body }: Docker.ContainerCreateOptions): Promise<Docker.Container> {
    const query = { ...(name !== undefined && { name }), ...(platform !== undefined && { platform }) };
    return super.createContainer(apart<Docker.ContainerCreateOptions>(query, body));
  }

  override createNetwork(body: Docker.NetworkCreateOptions): Promise<Docker.Network> {
    return super.createNetwork(apart<Docker.NetworkCreateOptions>({}, body));
  }

  override createVolume(body: object = {}): Promise<Docker.VolumeCreateResponse & Docker.Volume> {
    const made = super.createVolume(apart<Docker.VolumeCreateOptions>({}, body));
    return made as Promise<Docker.VolumeCreateResponse & Docker.Volume>;
  }

  override getContainer(id: string): Docker.Container {
    return super.getContainer(checked('instance', id));
  }

  override getNetwork(id: string): Docker.Network {
    return super.getNetwork(checked('network', id));
  }

  override getVolume(name: string): Docker.Volume {
    return super.getVolume(checked('volume', name));
  }

  override getImage(name: string): Docker.Image {
    return super.getImage(checked('image', name));
  }
}

/** The library's way to say what goes into the address, and what into the body. */
function apart<Options>(query: object, body: object): Options {
  return { _query: query, _body: body } as Options;
}

function checked(kind: NameKind, name: string): string {
  if (isName(kind, name)) return name;
  throw new RuntimeError(
    'software',
    `${JSON.stringify(name)} is not a valid ${kind} name; no request was sent to the Docker Engine`,
  );
}
