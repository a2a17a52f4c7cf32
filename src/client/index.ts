export { DeployCodeClient, type PlanResult } from './client';
export type { RequestOptions } from './request';
export { DeploymentHandle } from './deployment-handle';
export { BadRequest, DeploymentLost, EngineUnreachable, NoWorker } from '../temporal/errors';
export { NameProblem } from '../model/names';
export type { HistoryEntry } from './history';
export { Schedules, type ScheduledRun, type ScheduleListing, type ScheduleView } from './schedules';
export { loadStack, StackFileError, type LoadOptions, type Problem, type Stack } from '../config';
export type { DeploymentResult, Outcome, PlanSummary, Progress, ProgressEvent, Question } from '../workflows/messages';
