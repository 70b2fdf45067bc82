-- Each connection of the dashboard, beyond session.sql: no question may take long or sort on disk, and each
-- is planned for the very values it is asked with.
-- $1 text: the longest that a statement may take
SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, false),
       set_config('plan_cache_mode', 'force_custom_plan', false), set_config('jit', 'off', false),
       set_config('work_mem', '32MB', false)
