-- On the admin's server, where one login does everything: have the dashboard's rights alone.
SET ROLE ruastat_dashboard
