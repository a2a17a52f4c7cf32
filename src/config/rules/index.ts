import { dependenciesExist, noCycles } from './dependencies';
import { analysisPossible, balancerNameReserved, exposedReachable, routesDistinct, strategyPossible } from './exposure';
import { hostsPossible, phasesPossible, placementPossible } from './hosts';
import { filesAreNoFolders, filesReadable, filesStayVisible } from './files';
import { jobsFinish, keysFitKind, startable } from './kinds';
import { configsDeclared, networksDeclared, pathsDistinct, volumesDeclared } from './names';
import { cidrsAreApart, networksAreNoModes } from './networks';
import { hostNetworkPublishesNothing, portsDistinct, replicasFitPorts } from './ports';
import { oneWriterPerVolume, resourcesPossible } from './resources';
import { clusterHonours, clusterKnowsItself, namesFitCluster } from './cluster';
import { nothingUnenforced, processesHaveNoContainers, readOnlyTakesNoFiles, runtimeHonoursKeys } from './runtime';
import type { Rule } from './rule';
import { mapsHoldNames, noNul } from './texts';
import { sizeWithinLimits } from './size';

/** Everything that a stack file must keep beyond its schema. */
export const rules: readonly Rule[] = [
  sizeWithinLimits,
  clusterKnowsItself,
  namesFitCluster,
  clusterHonours,
  hostsPossible,
  phasesPossible,
  placementPossible,
  startable,
  keysFitKind,
  jobsFinish,
  dependenciesExist,
  noCycles,
  noNul,
  mapsHoldNames,
  networksDeclared,
  networksAreNoModes,
  volumesDeclared,
  configsDeclared,
  pathsDistinct,
  filesAreNoFolders,
  filesStayVisible,
  filesReadable,
  portsDistinct,
  replicasFitPorts,
  hostNetworkPublishesNothing,
  balancerNameReserved,
  routesDistinct,
  exposedReachable,
  strategyPossible,
  analysisPossible,
  cidrsAreApart,
  resourcesPossible,
  oneWriterPerVolume,
  runtimeHonoursKeys,
  processesHaveNoContainers,
  readOnlyTakesNoFiles,
  nothingUnenforced,
];
