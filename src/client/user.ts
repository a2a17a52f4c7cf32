import { AsyncLocalStorage } from 'node:async_hooks';
import { hostname, userInfo } from 'node:os';
import type { Role } from '../model/access';
import { longestAuthor, oneLine } from '../model/text';

/** Who asks, and from where. */
export interface Author {
  by: string;
  from: string;
  /** The role that they have in an environment; for environments with `security.rbac`. */
  roleOn?: (place: { stack: string; environment: string }) => Role | undefined;
  groups?: readonly string[];
}

/** Not a parameter of each call: forgetting it in one of them would record the server as the author. */
const authors = new AsyncLocalStorage<Author>();

/** Performs work on behalf of somebody else, whose name every request and audit record of it has. */
export function actingFor<T>(author: Author, work: () => T): T {
  return authors.run(author, work);
}

/**
 * The default author of requests: whoever the work is for, else the user of this process. In a container, the user ID
 * may have no name.
 */
export function userName(): string {
  const author = authors.getStore();
  if (author) return oneLine(author.by, longestAuthor);
  try {
    return oneLine(userInfo().username, longestAuthor);
  } catch {
    return oneLine(process.env.USER ?? `user ${process.getuid?.()}`, longestAuthor);
  }
}

/** Whoever the work is for; undefined if it is for the user of this process. */
export function author(): Author | undefined {
  return authors.getStore();
}

/** Where requests come from: that of whoever the work is for, else this host. */
export function origin(): string {
  return oneLine(authors.getStore()?.from ?? hostname(), longestAuthor);
}
