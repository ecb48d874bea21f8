import { z } from 'zod';
import type { Api } from './api';
import { compact } from './compact';
import { neededText, optionalBoolean, optionalText, read, unwrap } from './parse';
import type { CallOptions, User } from './types';

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

/** `GET /users/me` (anaplan-api: "Users"). */
export class UsersApi {
  constructor(private readonly api: Api) {}

  /** The user of the token. */
  me(o?: CallOptions): Promise<User> {
    return this.api.get({ method: 'GET', path: '/users/me' }, parseUser, o);
  }
}

/** Reads the answer of `/users/me`. */
export function parseUser(body: unknown): User {
  return read(schema, unwrap(body, ['user'], ['id']), 'the user');
}
