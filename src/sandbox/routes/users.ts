import { CUSTOMER_ID, USER_ID } from '../auth';
import { Refusal } from '../http';
import { USERS } from '../users';
import { WORKSPACES } from '../tenant';
import { answers, envelope, find, paged, param, type Call, type Route } from './route';

const users = (call: Call) =>
  USERS.map(({ id, email, firstName, lastName }) => ({
    id,
    active: true,
    email: id === USER_ID ? call.world.settings.user : email,
    emailOptIn: true,
    firstName,
    lastName,
    lastLoginDate: '2026-01-05T08:05:37.000+0000',
  }));

const SORTABLE = ['firstName', 'lastName', 'email', 'emailAddress', 'active', 'lastLoginDate'];

/** Top-level lists want a sign before the field, and know their fields (public records of live tenants). */
function checkSort(call: Call): void {
  const sort = call.query.get('sort');
  if (sort === null) return;
  for (const column of sort.split(',')) {
    if (!/^[+-]/.test(column))
      throw new Refusal(
        400,
        `Bad sort order format: '${column}'. Please follow (-){column_name_1},(+){column_name_2}.. format`,
      );
    if (!SORTABLE.includes(column.slice(1))) throw new Refusal(400, 'Failed to parse sort parameter');
  }
  call.query.set('sort', sort.replace('emailAddress', 'email'));
}

/** Users, and those of a workspace. */
export const userRoutes: Route[] = [
  answers('GET', '/users/me', (call) => {
    const me = users(call).find(({ id }) => id === USER_ID);
    return envelope(call, 'user', { user: { ...me, customerId: CUSTOMER_ID } });
  }),
  answers('GET', '/users/{u}', (call) =>
    envelope(call, 'user', { user: find(users(call), param(call, 'u')) }),
  ),
  answers('GET', '/users', (call) => {
    checkSort(call);
    // The guide prints one user under `user`; live tenants answer a paged list.
    if (call.world.settings.envelopes === 'documented') return envelope(call, 'user', { user: users(call) });
    return paged(call, 'user', 'users', users(call));
  }),
  answers('GET', '/workspaces/{w}/admins', (call) => {
    find([...WORKSPACES], param(call, 'w'));
    return paged(call, 'admin', 'admins', users(call).slice(0, 1));
  }),
  answers('GET', '/workspaces/{w}/visitors', (call) => {
    find([...WORKSPACES], param(call, 'w'));
    return paged(call, 'visitor', 'visitors', users(call).slice(1));
  }),
];
