import { cannotHonour } from '../../model/capabilities';
import type { RuntimeDriver, SecretReader } from '../runtime';
import { address } from './networks/address';
import { attach, disconnect } from './networks/attach';
import { connectDocker, type DockerConnection } from './api/connection';
import { exec } from './exec';
import { openCommand } from './exec/open-command';
import { endedByItself, lastExit, nextExit, ranOutOfMemory } from './exits';
import { dropImage, holdImage } from './images/image-holds';
import { ensureImage, findImages } from './images';
import { DockerInstances } from './instances';
import { logs } from './logs';
import { findOutside, withLeftBehind } from './namespaces';
import { adoptedVolumes, createNetwork, createVolume, removeNetwork, removeVolume } from './networks';
import { observe } from './observe';
import { docker } from './api/errors';
import { clearly } from './api/until-clear';
import { ensureOwnAddress } from './networks/own-address';
import { OwnContainers, type RememberedIds } from './labels/own-containers';
import { ProbeCommands } from './exec/probe-commands';

/** The driver for Docker, through its Engine API. */
export function createDockerRuntime(
  secrets: SecretReader,
  connection: DockerConnection = connectDocker(),
): RuntimeDriver {
  const remembered: RememberedIds = new Map();
  const probes = new ProbeCommands(connection);
  return {
    name: 'docker',
    cannotHonour: cannotHonour.docker,
    within: (scope) => {
      const own = new OwnContainers(connection, scope, remembered);
      const instances = new DockerInstances(connection, secrets, own);
      return clearly(connection, {
        name: 'docker',
        restartsWhatExits: true,
        observe: async (questions) => {
          const { instances: found, ...rest } = await observe(connection, scope, questions);
          const { containers } = questions;
          const outside = containers && (await findOutside(containers, own));
          const api = questions.api && (await docker(() => connection.docker.version())).ApiVersion;
          return {
            ...rest,
            ...(outside && { outside }),
            ...(api && { api }),
            instances: await withLeftBehind(found, own),
          };
        },
        images: {
          find: (references) => findImages(connection, references),
          ensure: (image, onProgress, signal) => ensureImage(connection, image, onProgress, signal),
          hold: (id, why) => holdImage(connection, scope, id, why),
          drop: (image) => dropImage(connection, scope, image),
        },
        networks: {
          create: (request) => createNetwork(connection, scope, request, secrets),
          remove: (name) => removeNetwork(connection, scope, name),
          attach: (name, networks) => own.use(name, (id) => attach(connection, id, networks)),
          detach: (name, network) => own.useIfThere(name, (id) => disconnect(connection, id, network)),
          ensureOwnAddress: (name, port) => own.use(name, (id) => ensureOwnAddress(connection, id, port)),
        },
        volumes: {
          create: (request) => createVolume(connection, scope, request, secrets),
          remove: (name) => removeVolume(connection, scope, name),
          adopted: (names) => adoptedVolumes(connection, scope, names),
        },
        create: (spec) => instances.create(spec),
        start: (name) => instances.start(name),
        inspect: (name) => instances.inspect(name),
        waitForExit: (name, signal) => instances.waitForExit(name, signal),
        nextExit: (name, signal) => own.use(name, (id) => nextExit(connection, id, signal)),
        lastExit: (name) => own.use(name, (id) => lastExit(connection, id)),
        endedByItself: (name) => own.use(name, (id) => endedByItself(connection, id)),
        ranOutOfMemory: (name) => own.use(name, (id) => ranOutOfMemory(connection, id)),
        retire: (ref) => instances.retire(ref),
        revive: (ref) => instances.revive(ref),
        remove: (ref) => instances.remove(ref),
        putSecrets: (name, files) => instances.putSecrets(name, files),
        exec: (name, command, timeoutMs) => own.use(name, (id) => exec(connection, id, command, timeoutMs)),
        openCommand: (name, command, options) => own.use(name, (id) => openCommand(connection, id, command, options)),
        probeByCommand: (name, command, timeoutMs) => own.use(name, (id) => probes.run(id, command, timeoutMs)),
        logs: (name, request) => own.use(name, (id) => logs(connection, id, request)),
        address: (name, port) => own.use(name, (id) => address(connection, id, name, port)),
      });
    },
  };
}
