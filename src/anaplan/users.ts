import { z } from 'zod';
import { path, type Api, type Collection } from './api';
import { compact } from './compact';
import { neededText, optionalBoolean, optionalText, read, unwrap } from './parse';
import type { CallOptions, PageOptions, User } from './types';

const schema = z
  .object({
    id: neededText,
    email: optionalText,
    firstName: optionalText,
    lastName: optionalText,
    active: optionalBoolean,
    customerId: optionalText,
    emailOptIn: optionalBoolean,
    lastLoginDate: optionalText,
  })
  .transform(compact);

/** Options of the list of users. */
export interface UserListOptions extends PageOptions {
  /**
   * `+` (ascending) or `-` and the name of a field, several with commas between; the guide prints `+emailAddress`, live
   * tenants have been seen to take `+email`, `+firstName`, `+lastName`, `+active` and `+lastLoginDate`.
   */
  sort?: string | undefined;
}

/** Users of the user's default tenant (anaplan-api: "Users"). */
export class UsersApi {
  constructor(private readonly api: Api) {}

  /** The user of the token. */
  me(o?: CallOptions): Promise<User> {
    return this.api.get({ method: 'GET', path: '/users/me' }, parseUser, o);
  }

  /**
   * One user, without the tenant's ID (anaplan-api: "Retrieve user information"). For Workspace Administrators and users
   * with a role in the tenant; others are answered 401, for which the client logs in once more before it gives up.
   */
  get(userId: string, o?: CallOptions): Promise<User> {
    return this.api.get({ method: 'GET', path: path`/users/${userId}` }, parseUser, o);
  }

  /** All users of the tenant (anaplan-api: "Retrieve user list"). For the same users as {@link get}. */
  list(o: UserListOptions = {}): Promise<User[]> {
    return this.api.list(users(o), o);
  }

  /** As {@link list}, one after the other; `limit` is the size of a page. */
  each(o: UserListOptions = {}): AsyncGenerator<User> {
    return this.api.each(users(o), o);
  }
}

const users = (o: UserListOptions): Collection<User> => ({
  path: '/users',
  query: { sort: o.sort },
  what: 'the list of users',
  // The guide prints a single object under `user`.
  keys: ['users', 'user'],
  item: (raw) => read(schema, raw, 'a user'),
  idOf: (user) => user.id,
});

/** Reads an answer about one user. */
export function parseUser(body: unknown): User {
  return read(schema, unwrap(body, ['user'], ['id']), 'the user');
}
