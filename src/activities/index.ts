import { auditActivities } from './audit';
import { certificateActivities } from './certificates';
import type { Activities } from './contract';
import { withCheckedNames } from './guards/checked-names';
import { ConfigContents } from './instances/config-contents';
import { coordinationActivities } from './coordination';
import type { Dependencies } from './dependencies';
import { hookActivities } from './hooks';
import { instanceActivities } from './instances';
import { jobActivities } from './instances/jobs';
import { withPermission } from './guards/permitted-activities';
import { withMaskedTexts } from './guards/masked-activities';
import { readingActivities } from './observe/reading';
import { analysisActivities } from './health/analysis';
import { sealingActivities } from './secrets/activities';
import { scheduleActivities } from './schedules';
import { subscriberActivities } from './subscribers';
import { resourceActivities } from './observe/resources';
import { trafficActivities } from './traffic';
import { verificationActivities } from './health/verification';
import { watchActivities } from './watch';

/** All activities, on the given dependencies. */
export function createActivities(dependencies: Dependencies): Activities {
  const contents = new ConfigContents(dependencies.directory);
  const activities: Activities = {
    ...coordinationActivities(dependencies),
    ...resourceActivities(dependencies),
    ...instanceActivities({ ...dependencies, contents }),
    ...verificationActivities(dependencies),
    ...jobActivities({ ...dependencies, contents }),
    ...trafficActivities(dependencies),
    ...certificateActivities(dependencies),
    ...analysisActivities(dependencies),
    ...readingActivities(dependencies),
    ...scheduleActivities(dependencies),
    ...watchActivities(dependencies),
    ...subscriberActivities(dependencies),
    ...auditActivities(dependencies),
    ...sealingActivities(dependencies),
    ...hookActivities(dependencies),
  };
  return withCheckedNames(withPermission(withMaskedTexts(activities, dependencies.secrets), dependencies.statements));
}

export type { Activities } from './contract';
