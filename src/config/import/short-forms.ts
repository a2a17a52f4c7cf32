import type { Data } from '../compose/canonical/values';
import { isData } from '../read/overlay';

/** Keys that people look for first, in this order. */
const firstKeys = ['name', 'services', 'volumes', 'networks', 'configs', 'secrets'];
const firstOfService = [
  'kind',
  'image',
  'entrypoint',
  'command',
  'environment',
  'env_file',
  'secrets',
  'configs',
  'ports',
  'volumes',
  'networks',
  'depends_on',
  'health_check',
  'restart',
];

/** A stack file as people write it: short forms where they say the same, and keys in their usual order. */
export function inShortForms(data: Data): Data {
  const services = isData(data.services) ? Object.entries(data.services) : [];
  return inOrder(
    { ...data, services: Object.fromEntries(services.map(([name, service]) => [name, ofService(service as Data)])) },
    firstKeys,
  );
}

function ofService(service: Data): Data {
  const { ports, volumes, env_file: files } = service;
  return inOrder(
    {
      ...service,
      ...(Array.isArray(ports) && { ports: ports.map(toPort) }),
      ...(Array.isArray(volumes) && { volumes: volumes.map(toMount) }),
      ...(Array.isArray(files) && { env_file: files.map(toEnvFile) }),
    },
    firstOfService,
  );
}

/** `127.0.0.1:8080:80/udp`; an address with colons stays in the long form. */
function toPort(port: unknown): unknown {
  if (!isData(port)) return port;
  const { target, published, host_ip: address, protocol } = port;
  if (published === undefined || String(address).includes(':') || !/^[\w.$]/.test(String(address ?? 0))) return port;
  const ip = address === undefined ? '' : `${String(address)}:`;
  return `${ip}${String(published)}:${String(target)}${protocol === undefined ? '' : `/${String(protocol)}`}`;
}

/** `data:/var/lib/data:ro` for a named volume without options. */
function toMount(mount: unknown): unknown {
  if (!isData(mount)) return mount;
  const { type, source, target, read_only: isReadOnly, ...options } = mount;
  const isPlain = /^\w[\w.-]*$/.test(String(source)) && /^[^:$]+$/.test(String(target));
  if (type !== 'volume' || !isPlain || Object.keys(options).length > 0) return mount;
  return `${String(source)}:${String(target)}${isReadOnly === true ? ':ro' : ''}`;
}

function toEnvFile(file: unknown): unknown {
  if (!isData(file)) return file;
  const { required, ...rest } = file;
  return required === false ? file : rest;
}

function inOrder(data: Data, first: readonly string[]): Data {
  const known = first.filter((key) => Object.hasOwn(data, key)).map((key) => [key, data[key]]);
  return Object.fromEntries([...known, ...Object.entries(data).filter(([key]) => !first.includes(key))]) as Data;
}
