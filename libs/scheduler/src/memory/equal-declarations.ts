export { equalButForTrigger, equalTriggers } from '../planning/index.js';
