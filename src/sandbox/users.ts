import { USER_ID } from './auth';

/** The users of the tenant. The first one is who can log in; its e-mail address is an option. */
export const USERS = [
  { id: USER_ID, email: 'demo@example.com', firstName: 'Demo', lastName: 'User' },
  {
    id: '8a8196a55b193fa0015b1e57f3da172c',
    email: 'other.user@example.com',
    firstName: 'Other',
    lastName: 'User',
  },
  {
    id: '8a8196a55b193fa0015b1e57f3da172d',
    email: 'ada.planner@example.com',
    firstName: 'Ada',
    lastName: 'Planner',
  },
] as const;
