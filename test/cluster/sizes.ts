/** CLUSTER_ROUNDS multiplies how long the tests with real processes go on; 1 in the suite, 50 for a night. */
export const ROUNDS = Number(process.env['CLUSTER_ROUNDS'] ?? 1);
export const SEED = Number(process.env['CLUSTER_SEED'] ?? 20_261_121);
