import { cannotHonour } from '../../model/capabilities';
import type { Runtime, SecretReader } from '../runtime';
import { address } from './address';
import { attach } from './attach';
import { connectDocker, type DockerConnection } from './connection';
import { exec } from './exec';
import { nextExit } from './exits';
import { dropImage, holdImage } from './image-holds';
import { ensureImage, findImages } from './images';
import { DockerInstances } from './instances';
import { logs } from './logs';
import { createNetwork, createVolume, removeNetwork, removeVolume } from './networks';
import { observe } from './observe';
import { ensureOwnAddress } from './own-address';

/** Docker, through its Engine API. */
export function createDockerRuntime(secrets: SecretReader, connection: DockerConnection = connectDocker()): Runtime {
  const instances = new DockerInstances(connection, secrets);
  return {
    name: 'docker',
    restartsWhatExits: true,
    cannotHonour: cannotHonour.docker,
    observe: (scope, questions) => observe(connection, scope, questions),
    findImages: (references) => findImages(connection, references),
    ensureImage: (reference, policy, onProgress, signal) => ensureImage(connection, reference, policy, onProgress, signal),
    holdImage: (scope, id, why) => holdImage(connection, scope, id, why),
    dropImage: (scope, image) => dropImage(connection, scope, image),
    createNetwork: (request) => createNetwork(connection, request),
    removeNetwork: (name) => removeNetwork(connection, name),
    createVolume: (request) => createVolume(connection, request),
    removeVolume: (name) => removeVolume(connection, name),
    create: (spec) => instances.create(spec),
    start: (name) => instances.start(name),
    inspect: (name) => instances.inspect(name),
    waitForExit: (name, signal) => instances.waitForExit(name, signal),
    nextExit: (name, signal) => nextExit(connection, name, signal),
    retire: (ref) => instances.retire(ref),
    revive: (ref) => instances.revive(ref),
    remove: (ref) => instances.remove(ref),
    attach: (name, networks) => attach(connection, name, networks),
    ensureOwnAddress: (name, port) => ensureOwnAddress(connection, name, port),
    putSecrets: (name, files) => instances.putSecrets(name, files),
    exec: (name, command, timeoutMs) => exec(connection, name, command, timeoutMs),
    logs: (name, request) => logs(connection, name, request),
    address: (name, port) => address(connection, name, port),
  };
}
