import { z } from 'zod';
import {
  anyNumber,
  assignments,
  boolean,
  bytes,
  distinctTexts,
  driverOptions,
  map,
  named,
  numberOrText,
  options,
  text,
  texts,
  wholeNumber,
  orNull,
} from './values';

/** `networks` of a service. */
export const networksOfService = z.union([
  distinctTexts,
  named(
    orNull(
      options({
        aliases: texts,
        interface_name: text,
        ipv4_address: text,
        ipv6_address: text,
        link_local_ips: texts,
        mac_address: text,
        driver_opts: driverOptions,
        priority: anyNumber,
        gw_priority: anyNumber,
      }),
    ),
  ),
]);

/** `ports` of a service. */
export const ports = z.array(
  z.union([
    z.number(),
    text,
    map({
      target: wholeNumber,
      name: text.optional(),
      mode: text.optional(),
      host_ip: text.optional(),
      published: z.union([text, z.number().int()]).optional(),
      protocol: text.optional(),
      app_protocol: text.optional(),
    }),
  ]),
);

/** `volumes` of a service. */
export const volumesOfService = z.array(
  z.union([
    text,
    map({
      type: z.enum(['bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image']),
      source: text.optional(),
      target: text,
      read_only: boolean.optional(),
      consistency: text.optional(),
      bind: options({
        propagation: text,
        create_host_path: boolean,
        recursive: z.enum(['enabled', 'disabled', 'writable', 'readonly']),
        selinux: z.enum(['z', 'Z']),
      }).optional(),
      volume: options({ labels: assignments, nocopy: boolean, subpath: text }).optional(),
      tmpfs: options({ size: bytes, mode: numberOrText }).optional(),
      image: options({ subpath: text }).optional(),
    }),
  ]),
);
