const { join } = require('node:path')

/**
 * pm2, in the folder with the settings (.env): pm2 start deploy/ecosystem.config.cjs
 * Workers share PORT; each has the metrics of its own work, on an OPS_PORT of its own.
 */
module.exports = {
  apps: [
    {
      name: 'scenepass',
      script: join(__dirname, '../dist/src/cli/scenepass.js'),
      exec_mode: 'cluster',
      // One for each core. The embedded database (pglite:) takes one alone.
      instances: 2,
      // The first worker has this OPS_PORT, the next one has 9465, and so on.
      increment_var: 'OPS_PORT',
      env: { NODE_ENV: 'production', OPS_PORT: 9464 },
      // ScenePass ends within 10 seconds.
      kill_timeout: 11_000,
      exp_backoff_restart_delay: 200,
    },
  ],
}
