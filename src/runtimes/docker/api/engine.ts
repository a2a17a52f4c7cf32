import Docker from 'dockerode';
import { isName, type NameKind } from '../../../model/names';
import { RuntimeError } from '../../runtime';
import { guardModem, type ModemLimits } from './modem';

/**
 * A Docker client that validates names. The library puts names into paths unescaped, so that `../networks/x?` would
 * reach another endpoint, and `//host/` another machine.
 */
export class Engine extends Docker {
  constructor(options?: Docker.DockerOptions, limits?: Partial<ModemLimits>) {
    super(options);
    guardModem(this.modem, limits);
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

function checked(kind: NameKind, name: string): string {
  if (isName(kind, name)) return name;
  throw new RuntimeError(
    'software',
    `${JSON.stringify(name)} is not a valid ${kind} name; no request was sent to the Docker Engine`,
  );
}
