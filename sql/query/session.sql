-- Every connection: what the admin's defaults may not change.  Compiling what verify and the pages ask
-- takes longer than answering it.
SET search_path = pg_catalog; SET timezone = 'UTC'; SET datestyle = 'ISO'; SET bytea_output = 'hex';
SET client_min_messages = warning; SET statement_timeout = 0; SET jit = off;
SET idle_in_transaction_session_timeout = 0
