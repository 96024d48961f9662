export { checkDatabase, migrateDatabase } from './migrate.js';
