export { DeployCodeClient, type PlanResult, type RequestOptions } from './client';
export { DeploymentHandle } from './deployment-handle';
export { BadRequest, DeploymentLost, EngineUnreachable, NoWorker } from './errors';
export { NameProblem } from '../model/names';
export type { HistoryEntry } from './history';
export { Schedules, type ScheduledRun, type ScheduleListing, type ScheduleView } from './schedules';
export { loadStack, StackFileError, type LoadOptions, type Problem, type Stack } from '../config';
export type { DeploymentResult, Outcome, PlanSummary, Progress, ProgressEvent, Question } from '../workflows/messages';
