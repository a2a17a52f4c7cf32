import { auditActivities } from './audit';
import type { Activities } from './contract';
import { withCheckedNames } from './checked-names';
import { ConfigContents } from './config-contents';
import { coordinationActivities } from './coordination';
import type { Dependencies } from './dependencies';
import { instanceActivities } from './instances';
import { jobActivities } from './jobs';
import { withMaskedTexts } from './masked-activities';
import { readingActivities } from './reading';
import { analysisActivities } from './analysis';
import { scheduleActivities } from './schedules';
import { subscriberActivities } from './subscribers';
import { surroundingActivities } from './surroundings';
import { trafficActivities } from './traffic';
import { verificationActivities } from './verification';
import { watchActivities } from './watch';

/** Every activity, on the given runtimes, secrets and directory. */
export function createActivities(dependencies: Dependencies): Activities {
  const contents = new ConfigContents(dependencies.directory);
  const activities: Activities = {
    ...coordinationActivities(dependencies),
    ...surroundingActivities(dependencies),
    ...instanceActivities({ ...dependencies, contents }),
    ...verificationActivities(dependencies),
    ...jobActivities({ ...dependencies, contents }),
    ...trafficActivities(dependencies),
    ...analysisActivities(dependencies),
    ...readingActivities(dependencies),
    ...scheduleActivities(dependencies),
    ...watchActivities(dependencies),
    ...subscriberActivities(dependencies),
    ...auditActivities(dependencies),
  };
  return withCheckedNames(withMaskedTexts(activities, dependencies.secrets));
}

export type { Activities } from './contract';
