-- All tables are new: plans would be made without knowing them.
ANALYZE
