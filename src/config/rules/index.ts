import { dependenciesExist, noCycles } from './dependencies';
import {
  analysisPossible,
  balancerNameReserved,
  exposedReachable,
  routesDistinct,
  strategyPossible,
} from './traffic/exposure';
import { hostsPossible, phasesPossible, placementPossible } from './hosts';
import { filesHaveNoChildren, filesReadable, filesOutsideMounts } from './files';
import { completionPossible, jobsFinish, keysFitKind, startable } from './kinds';
import { configsDeclared, linksReachable, networksDeclared, pathsDistinct, volumesDeclared } from './names';
import {
  engineNetworkAlone,
  joinedNetworkAlone,
  namespacesJoinable,
  outsideJoinable,
  sharedReplacedTogether,
} from './networks/namespaces';
import { addressesInSubnets } from './networks/addresses';
import { cidrsDistinct, networkNamesAreNotModes } from './networks/ranges';
import { hostNetworkPublishesNothing, portsDistinct, replicasFitPorts } from './networks/ports';
import { oneWriterPerVolume, replicaVolumesPossible, resourcesPossible } from './resources';
import { clusterSupports, clusterKeysApply, namesFitCluster } from './cluster';
import { subjectsNeedAuth, processKeysApply, filesNeedWritableRoot, runtimeSupportsKeys } from './runtime';
import { capabilitiesExist, stopSignalExists } from './kernel-names';
import type { Rule } from './rule';
import { automaticCertificatePossible } from './traffic/automatic-certificate';
import { sharedBalancerPossible } from './traffic/shared-balancer';
import { mapKeysAreNames, noNul } from './texts';
import { sizeWithinLimits } from './size';

/** All checks of a stack file beyond its schema. */
export const rules: readonly Rule[] = [
  sizeWithinLimits,
  clusterKeysApply,
  namesFitCluster,
  clusterSupports,
  hostsPossible,
  phasesPossible,
  placementPossible,
  startable,
  keysFitKind,
  jobsFinish,
  completionPossible,
  dependenciesExist,
  noCycles,
  noNul,
  mapKeysAreNames,
  namespacesJoinable,
  outsideJoinable,
  sharedReplacedTogether,
  joinedNetworkAlone,
  engineNetworkAlone,
  capabilitiesExist,
  stopSignalExists,
  networksDeclared,
  linksReachable,
  networkNamesAreNotModes,
  volumesDeclared,
  configsDeclared,
  pathsDistinct,
  filesHaveNoChildren,
  filesOutsideMounts,
  filesReadable,
  portsDistinct,
  replicasFitPorts,
  hostNetworkPublishesNothing,
  balancerNameReserved,
  routesDistinct,
  sharedBalancerPossible,
  automaticCertificatePossible,
  exposedReachable,
  strategyPossible,
  analysisPossible,
  cidrsDistinct,
  addressesInSubnets,
  resourcesPossible,
  oneWriterPerVolume,
  replicaVolumesPossible,
  runtimeSupportsKeys,
  processKeysApply,
  filesNeedWritableRoot,
  subjectsNeedAuth,
];
